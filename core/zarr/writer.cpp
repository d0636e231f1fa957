#include <algorithm>

#include "base/file.h"
#include "zarr/ome_meta.h"
#include "zarr/ome_zarr.h"
#include "zarr/pyramid.h"
#include "zarr/zarr_array.h"

namespace fovea::zarr {

namespace fs = std::filesystem;

struct Writer::Impl {
    fs::path path;
    Layout layout;
    AxisMap axes;
    std::vector<Array> levels;

    ArrayMeta metaOf(Index shape) const;
    void create(const std::string& name, Index shape);
    void writeAttributes(const std::vector<LevelInfo>& infos) const;
};

ArrayMeta Writer::Impl::metaOf(Index shape) const {
    ArrayMeta meta;
    for (int a = 0; a < 3; ++a) {
        meta.shape.push_back(shape[a]);
        meta.chunks.push_back(std::clamp<std::int64_t>(layout.chunk[a], 1, shape[a]));
    }
    if (layout.channels > 1) {
        meta.shape.insert(meta.shape.begin(), layout.channels);
        meta.chunks.insert(meta.chunks.begin(), 1);
    }
    meta.dtype = layout.dtype;
    meta.separator = '/';
    meta.compressor = codecForLayout(layout.codec).configuration();
    return meta;
}

// Creates the array, or goes on with one of the same shape, type and chunks.
void Writer::Impl::create(const std::string& name, Index shape) {
    const fs::path place = path / name;
    nlohmann::json wanted = toJson(metaOf(shape));
    if (fs::exists(place / ".zarray")) {
        nlohmann::json found = file::readJson(place / ".zarray");
        for (const char* key : {"shape", "chunks", "dtype", "order", "dimension_separator"})
            if (!found.is_object() || found.value(key, nlohmann::json()) != wanted[key])
                throw Error(ErrorKind::Input,
                            {FOVEA_TR("{path} already holds another image (its {key} is {found}, not {wanted}). Choose "
                                      "another name or delete it."),
                             {{"path", place.string()},
                              {"key", key},
                              {"found", found.is_object() ? found.value(key, nlohmann::json()).dump() : "missing"},
                              {"wanted", wanted[key].dump()}}});
    } else {
        file::makeFolder(place);
        file::writeJson(place / ".zarray", wanted);
    }
    levels.emplace_back(place, axes);
}

void Writer::Impl::writeAttributes(const std::vector<LevelInfo>& infos) const {
    std::vector<OmeLevelText> texts;
    for (std::size_t i = 0; i < infos.size(); ++i) {
        Vec3 origin = layout.geometry.origin;  // the centre of a coarse voxel lies off the centre of the first fine one
        for (int a = 0; a < 3; ++a) origin[a] += (infos[i].spacing[a] - infos[0].spacing[a]) / 2;
        texts.push_back({std::to_string(i), infos[i].spacing, origin});
    }
    file::writeJson(path / ".zattrs", omeAttributes(path.stem().string(), texts, layout.channels > 1,
                                                    layout.geometry.known, layout.channelNames, layout.labels));
}

Writer::Writer(const fs::path& path, const Layout& layout) : impl_(std::make_unique<Impl>()) {
    if (layout.shape.z < 1 || layout.shape.y < 1 || layout.shape.x < 1 || layout.channels < 1)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR(
                 "An image without voxels ({shape}) cannot be written to {path}. Choose an image that is not empty."),
             {{"shape", toString(layout.shape)}, {"path", path.string()}}});
    impl_->path = path;
    impl_->layout = layout;
    impl_->axes = layout.channels > 1 ? AxisMap{-1, 0, 1, 2, 3} : AxisMap{-1, -1, 0, 1, 2};
    const bool fresh = !fs::exists(path / "0" / ".zarray");
    impl_->create("0", layout.shape);
    if (fresh) {
        file::writeJson(path / ".zgroup", {{"zarr_format", 2}});
        impl_->writeAttributes({{layout.shape, layout.geometry.spacing}});
    }
}

Writer::~Writer() = default;

void Writer::write(int channel, const Box& box, const AnyVolume& values) {
    impl_->levels[0].write(0, channel, box, values);
}

bool Writer::finished(int channel, const Box& box) const { return impl_->levels[0].finished(0, channel, box); }

void Writer::buildLevels(Job& job) {
    Impl& w = *impl_;
    const std::vector<LevelInfo> infos = pyramidLevels(w.layout.shape, w.layout.geometry.spacing);
    w.levels.erase(w.levels.begin() + 1, w.levels.end());
    double total = 0, done = 0;
    for (std::size_t i = 1; i < infos.size(); ++i) total += double(infos[i].shape.count()) * w.layout.channels;
    AnyVolume fine;
    for (std::size_t i = 1; i < infos.size(); ++i) {
        w.create(std::to_string(i), infos[i].shape);
        const Array& below = w.levels[i - 1];
        const Index factor = nextFactor(below.shape(), infos[i - 1].spacing), chunk = w.levels[i].chunk();
        for (int c = 0; c < w.layout.channels; ++c)
            forEachTile(Box::of(infos[i].shape), chunk, [&](const Box& box) {
                job.check();
                Box source;
                for (int a = 0; a < 3; ++a) {
                    source.begin[a] = box.begin[a] * factor[a];
                    source.end[a] = std::min(box.end[a] * factor[a], below.shape()[a]);
                }
                below.read(0, c, source, fine);
                const AnyVolume coarse = reduce(fine, factor, w.layout.labels);
                // What is all zero stays a chunk without a file, unless an older one must be overwritten.
                const bool empty = std::ranges::all_of(coarse.bytes, [](std::byte b) { return b == std::byte{0}; });
                if (!empty || w.levels[i].finished(0, c, box)) w.levels[i].write(0, c, box, coarse);
                done += double(box.count());
                job.progress(done, total, FOVEA_TR("Building coarser levels"));
            });
    }
    w.writeAttributes(infos);
}

void Writer::buildLevels() {
    Job nothing;
    buildLevels(nothing);
}

}  // namespace fovea::zarr
