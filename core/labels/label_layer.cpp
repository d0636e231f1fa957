#include "labels/label_layer.h"

#include <openvdb/openvdb.h>

#include <atomic>
#include <limits>
#include <mutex>
#include <shared_mutex>

namespace fovea::labels {

namespace {

using Grid = openvdb::Int32Grid;
using Leaf = Grid::TreeType::LeafNodeType;
constexpr std::int64_t side = Leaf::DIM;

// Axis order stays ours: Coord = (z, y, x), so that x is contiguous in a leaf.
openvdb::Coord coord(Index v) { return {std::int32_t(v.z), std::int32_t(v.y), std::int32_t(v.x)}; }
Index index(const openvdb::Coord& c) { return {c[0], c[1], c[2]}; }
std::int64_t leafBegin(std::int64_t v) { return v & ~(side - 1); }

void initialize() {
    static std::once_flag once;
    std::call_once(once, [] { openvdb::initialize(); });
}

void checkBase(const ImageSource& base, Index shape) {
    const ImageInfo& info = base.info();
    if (info.shape() != shape)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR(
                 "The labels {path} have the shape {labels}, the image has {image}. Choose labels of the same image."),
             {{"path", info.path}, {"labels", toString(info.shape())}, {"image", toString(shape)}}});
    if (info.channels != 1)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR(
                 "The labels {path} have {n} channels, labels have one. Save them as one channel of object numbers."),
             {{"path", info.path}, {"n", std::to_string(info.channels)}}});
    if (info.dtype == DType::F32 || info.dtype == DType::F64)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR("{path} holds fractions ({type}), but object numbers are whole. Export the labels as integers."),
             {{"path", info.path}, {"type", name(info.dtype)}}});
}

// Copies the edited voxels of one leaf row (8 bits of its mask) into a row of labels; `first` is the leaf's x.
void copyRow(const Leaf& leaf, openvdb::Index row, std::int64_t first, std::int64_t from, std::int64_t to,
             std::int32_t* out) {
    const unsigned bits = unsigned(leaf.getValueMask().getWord<openvdb::Index64>(row >> 3) >> ((row & 7) * 8)) & 0xff;
    if (bits == 0) return;
    const std::int32_t* values = leaf.buffer().data() + row * side;
    for (std::int64_t x = std::max(from, first); x < std::min(to, first + side); ++x)
        if (bits >> (x - first) & 1) out[x - from] = values[x - first];
}

void copyLeaf(const Leaf& leaf, const Box& box, Volume<std::int32_t>& out) {
    const Index o = index(leaf.origin());
    for (std::int64_t z = std::max(o.z, box.begin.z); z < std::min(o.z + side, box.end.z); ++z)
        for (std::int64_t y = std::max(o.y, box.begin.y); y < std::min(o.y + side, box.end.y); ++y)
            copyRow(leaf, openvdb::Index((z - o.z) * side + (y - o.y)), o.x, box.begin.x, box.end.x,
                    out.data() + out.offset(z - box.begin.z, y - box.begin.y, 0));
}

void copyOverlay(const Grid& grid, const Box& box, Volume<std::int32_t>& out) {
    if (grid.tree().leafCount() == 0) return;
    // An accessor that does not register itself with the tree: registration would write to it from reader threads.
    openvdb::tree::ValueAccessor<const Grid::TreeType, false> accessor(grid.tree());
    for (std::int64_t z = leafBegin(box.begin.z); z < box.end.z; z += side)
        for (std::int64_t y = leafBegin(box.begin.y); y < box.end.y; y += side)
            for (std::int64_t x = leafBegin(box.begin.x); x < box.end.x; x += side)
                if (const Leaf* leaf = accessor.probeConstLeaf(coord({z, y, x}))) copyLeaf(*leaf, box, out);
}

}  // namespace

void LabelTally::add(const Index& start, std::int64_t length, ObjectId before, ObjectId after) {
    const Box run{start, start + Index{1, 1, length}};
    box = box.united(run);
    Entry& lost = entries[before];
    lost.voxels -= length;
    lost.removed = lost.removed.united(run);
    Entry& won = entries[after];
    won.voxels += length;
    won.added = won.added.united(run);
}

void LabelTally::merge(const LabelTally& other) {
    box = box.united(other.box);
    for (const auto& [id, entry] : other.entries) {
        Entry& mine = entries[id];
        mine.voxels += entry.voxels;
        mine.added = mine.added.united(entry.added);
        mine.removed = mine.removed.united(entry.removed);
    }
}

std::vector<VoxelRun> difference(Index origin, const Volume<std::int32_t>& before, const Volume<std::int32_t>& after) {
    std::vector<VoxelRun> runs;
    const Index n = before.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::int32_t* a = before.data() + before.offset(z, y, 0);
            const std::int32_t* b = after.data() + after.offset(z, y, 0);
            for (std::int64_t x = 0; x < n.x;) {
                if (a[x] == b[x]) {
                    ++x;
                    continue;
                }
                std::int64_t end = x + 1;
                while (end < n.x && a[end] == a[x] && b[end] == b[x]) ++end;
                runs.push_back({origin + Index{z, y, x}, std::int32_t(end - x), a[x], b[x]});
                x = end;
            }
        }
    return runs;
}

struct LabelLayer::Impl {
    Index shape;
    Geometry geometry;
    ImagePtr base;
    std::uint64_t baseVersion = 0;
    Grid::Ptr grid = Grid::create(0);
    std::atomic<std::uint64_t> version{0};
    mutable std::shared_mutex mutex;

    // Calls f(leaf, offset, n, x) for each stretch of a run inside one leaf, making the leaf.
    template <class F>
    void forEachStretch(openvdb::tree::ValueAccessor<Grid::TreeType, false>& accessor, const VoxelRun& run, F&& f) {
        const std::int64_t end = run.start.x + run.length;
        for (std::int64_t x = run.start.x; x < end;) {
            const std::int64_t n = std::min(end, leafBegin(x) + side) - x;
            const openvdb::Coord at = coord({run.start.z, run.start.y, x});
            f(*accessor.touchLeaf(at), Leaf::coordToOffset(at), n, x);
            x += n;
        }
    }

    void applyRun(openvdb::tree::ValueAccessor<Grid::TreeType, false>& accessor, const VoxelRun& run, std::int32_t from,
                  std::int32_t to, LabelTally& tally) {
        // Voxels won from the same label are counted together, across leaves.
        Index start = run.start;
        std::int64_t length = 0;
        std::int32_t last = from;
        const auto count = [&] {
            if (length > 0 && last != to) tally.add(start, length, last, to);
        };
        forEachStretch(accessor, run, [&](Leaf& leaf, openvdb::Index offset, std::int64_t n, std::int64_t x) {
            std::int32_t* values = leaf.buffer().data() + offset;
            auto& mask = leaf.getValueMask();
            for (std::int64_t i = 0; i < n; ++i) {
                const std::int32_t old = mask.isOn(offset + openvdb::Index(i)) ? values[i] : from;
                if (old != last) {
                    count();
                    start.x = x + i;
                    length = 0;
                    last = old;
                }
                ++length;
                values[i] = to;
                mask.setOn(offset + openvdb::Index(i));
            }
        });
        count();
    }
};

LabelLayer::LabelLayer(Index shape, Geometry geometry, ImagePtr base) : impl_(std::make_unique<Impl>()) {
    initialize();
    if (shape.z < 1 || shape.y < 1 || shape.x < 1 ||
        std::max({shape.z, shape.y, shape.x}) > std::numeric_limits<std::int32_t>::max() - side)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Labels cannot have the shape {shape}."), {{"shape", toString(shape)}}});
    if (base) checkBase(*base, shape);
    impl_->shape = shape;
    impl_->geometry = geometry;
    impl_->base = std::move(base);
}

LabelLayer::~LabelLayer() = default;
LabelLayer::LabelLayer(LabelLayer&&) noexcept = default;
LabelLayer& LabelLayer::operator=(LabelLayer&&) noexcept = default;

LabelLayer LabelLayer::copy() const {
    std::shared_lock lock(impl_->mutex);
    LabelLayer result(impl_->shape, impl_->geometry, impl_->base);
    result.impl_->grid = impl_->grid->deepCopy();
    result.impl_->version = impl_->version.load();
    return result;
}

Index LabelLayer::shape() const { return impl_->shape; }
const Geometry& LabelLayer::geometry() const { return impl_->geometry; }
std::uint64_t LabelLayer::version() const { return impl_->version; }

std::int32_t LabelLayer::at(Index v) const { return read({v, v + Index{1, 1, 1}})(0, 0, 0); }

Volume<std::int32_t> LabelLayer::read(const Box& box) const {
    if (box.empty() || !Box::of(impl_->shape).contains(box))
        throw Error(ErrorKind::Internal, {FOVEA_TR("Labels were asked for {box}, the volume is {shape}."),
                                          {{"box", toString(box)}, {"shape", toString(impl_->shape)}}});
    for (;;) {
        ImagePtr base;
        std::uint64_t baseVersion = 0;
        {
            std::shared_lock lock(impl_->mutex);
            base = impl_->base;
            baseVersion = impl_->baseVersion;
        }
        // The base is read without the lock: it may be slow, and it never changes.
        Volume<std::int32_t> result = base ? readLabels(*base, box) : Volume<std::int32_t>(box.extent());
        std::shared_lock lock(impl_->mutex);
        if (impl_->baseVersion != baseVersion) continue;
        copyOverlay(*impl_->grid, box, result);
        result.geometry = impl_->geometry;
        return result;
    }
}

std::vector<VoxelRun> LabelLayer::write(const Box& box, const Volume<std::int32_t>& values) {
    std::vector<VoxelRun> runs = difference(box.begin, read(box), values);
    apply(runs, true);
    return runs;
}

LabelTally LabelLayer::apply(const std::vector<VoxelRun>& runs, bool forward) {
    LabelTally tally;
    if (runs.empty()) return tally;
    std::unique_lock lock(impl_->mutex);
    openvdb::tree::ValueAccessor<Grid::TreeType, false> accessor(impl_->grid->tree());
    if (forward)
        for (const VoxelRun& run : runs) impl_->applyRun(accessor, run, run.before, run.after, tally);
    else
        for (auto run = runs.rbegin(); run != runs.rend(); ++run)
            impl_->applyRun(accessor, *run, run->after, run->before, tally);
    ++impl_->version;
    return tally;
}

void LabelLayer::touch(const std::vector<VoxelRun>& runs) {
    for (const VoxelRun& run : runs) {
        const Volume<std::int32_t> row = read({run.start, run.start + Index{1, 1, run.length}});
        std::unique_lock lock(impl_->mutex);
        openvdb::tree::ValueAccessor<Grid::TreeType, false> accessor(impl_->grid->tree());
        impl_->forEachStretch(accessor, run, [&](Leaf& leaf, openvdb::Index offset, std::int64_t n, std::int64_t x) {
            for (std::int64_t i = 0; i < n; ++i)
                leaf.setValueOn(offset + openvdb::Index(i), row(0, 0, x + i - run.start.x));
        });
    }
}

void LabelLayer::setBase(ImagePtr base) {
    if (base) checkBase(*base, impl_->shape);
    std::unique_lock lock(impl_->mutex);
    impl_->base = std::move(base);
    ++impl_->baseVersion;
    ++impl_->version;
}

ImagePtr LabelLayer::base() const {
    std::shared_lock lock(impl_->mutex);
    return impl_->base;
}

std::vector<VoxelRun> LabelLayer::overlay() const {
    std::shared_lock lock(impl_->mutex);
    std::vector<VoxelRun> runs;
    for (auto leaf = impl_->grid->tree().cbeginLeaf(); leaf; ++leaf) {
        const std::int32_t* values = leaf->buffer().data();
        for (auto on = leaf->cbeginValueOn(); on; ++on) {
            const Index at = index(on.getCoord());
            const std::int32_t value = values[on.pos()];
            if (!runs.empty()) {
                VoxelRun& run = runs.back();
                if (run.after == value && run.start + Index{0, 0, run.length} == at) {
                    ++run.length;
                    continue;
                }
            }
            runs.push_back({at, 1, 0, value});
        }
    }
    return runs;
}

void LabelLayer::setOverlay(const std::vector<VoxelRun>& runs) {
    std::unique_lock lock(impl_->mutex);
    impl_->grid = Grid::create(0);
    openvdb::tree::ValueAccessor<Grid::TreeType, false> accessor(impl_->grid->tree());
    for (const VoxelRun& run : runs)
        impl_->forEachStretch(accessor, run, [&](Leaf& leaf, openvdb::Index offset, std::int64_t n, std::int64_t) {
            for (std::int64_t i = 0; i < n; ++i) leaf.setValueOn(offset + openvdb::Index(i), run.after);
        });
    ++impl_->version;
}

std::vector<Box> LabelLayer::editedLeaves() const {
    std::shared_lock lock(impl_->mutex);
    std::vector<Box> boxes;
    for (auto leaf = impl_->grid->tree().cbeginLeaf(); leaf; ++leaf)
        if (!leaf->getValueMask().isOff()) {
            const Index o = index(leaf->origin());
            boxes.push_back(Box{o, o + Index{side, side, side}}.intersected(Box::of(impl_->shape)));
        }
    return boxes;
}

}  // namespace fovea::labels
