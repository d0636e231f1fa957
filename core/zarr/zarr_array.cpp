#include "zarr/zarr_array.h"

#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "base/file.h"
#include "zarr/half.h"

namespace fovea::zarr {

namespace {

static_assert(std::endian::native == std::endian::little, "chunks are written as they lie in memory");

// One number per array folder as it is now: a folder renamed over it has another .zarray, so nothing of the old one is
// served.
std::uint64_t sourceOf(const std::filesystem::path& array) {
    struct stat s{};
    ::stat((array / ".zarray").c_str(), &s);
    static std::mutex mutex;
    static std::map<std::tuple<std::string, ino_t, std::int64_t>, std::uint64_t> known;
    std::lock_guard lock(mutex);
    auto& number = known[{std::filesystem::weakly_canonical(array).string(), s.st_ino,
                          s.st_mtim.tv_sec * 1'000'000'000 + s.st_mtim.tv_nsec}];
    if (number == 0) number = ChunkCache::newSource();
    return number;
}

void swapBytes(std::vector<std::byte>& bytes, std::size_t size) {
    for (std::size_t i = 0; i + size <= bytes.size(); i += size)
        std::reverse(bytes.begin() + std::ptrdiff_t(i), bytes.begin() + std::ptrdiff_t(i + size));
}

// Steps, in values, of the chunk in memory along z, y, x; 0 along an axis it does not have.
Index strides(const ArrayMeta& meta, const AxisMap& axes) {
    const std::vector<std::int64_t> all = meta.strides();
    Index result;
    for (int a = 0; a < 3; ++a) result[a] = axes.spatial(a) < 0 ? 0 : all[std::size_t(axes.spatial(a))];
    return result;
}

// Copies n values between two strided grids of values of `size` bytes.
void copyStrided(const std::byte* from, Index fromStep, std::byte* to, Index toStep, Index n, std::size_t size) {
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::byte* a = from + (z * fromStep.z + y * fromStep.y) * std::int64_t(size);
            std::byte* b = to + (z * toStep.z + y * toStep.y) * std::int64_t(size);
            if (n.x == 1 || (fromStep.x == 1 && toStep.x == 1)) {
                std::memcpy(b, a, std::size_t(n.x) * size);
                continue;
            }
            for (std::int64_t x = 0; x < n.x; ++x)
                std::memcpy(b + x * toStep.x * std::int64_t(size), a + x * fromStep.x * std::int64_t(size), size);
        }
}

void fillWith(std::byte* to, Index step, Index n, const std::vector<std::byte>& value) {
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x)
                std::memcpy(to + (z * step.z + y * step.y + x * step.x) * std::int64_t(value.size()), value.data(),
                            value.size());
}

Index stepsOf(Index extent) { return {extent.y * extent.x, extent.x, 1}; }

std::int64_t dot(Index a, Index b) { return a.z * b.z + a.y * b.y + a.x * b.x; }

}  // namespace

AxisMap AxisMap::ofDims(std::size_t n) {
    const auto dim = [n](int fromEnd) { return std::max(int(n) - fromEnd, -1); };
    return {dim(5), dim(4), dim(3), dim(2), dim(1)};
}

Array::Array(const std::filesystem::path& path, AxisMap axes) : path_(path), axes_(axes) {
    if (!std::filesystem::exists(path / ".zarray"))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no Zarr array at {path} (its .zarray is missing). Copy the folder again, "
                              "with its hidden files."),
                     {{"path", path.string()}}});
    try {
        meta_ = parseArrayMeta(fovea::file::readJson(path / ".zarray"), path);
        codec_ = &codecForCompressor(meta_.compressor);
    } catch (Error& e) {
        throw e.context({FOVEA_TR("opening the Zarr array {path}"), {{"path", path.string()}}});
    }
    source_ = sourceOf(path);
}

Index Array::shape() const { return {extent(axes_.z), extent(axes_.y), extent(axes_.x)}; }

Index Array::chunk() const {
    Index result{1, 1, 1};
    for (int a = 0; a < 3; ++a)
        if (axes_.spatial(a) >= 0) result[a] = meta_.chunks[std::size_t(axes_.spatial(a))];
    return result;
}

std::uint64_t Array::key(const ChunkIndex& at) const {
    const std::vector<std::int64_t> grid = meta_.grid();
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < at.size(); ++i) result = result * std::uint64_t(grid[i]) + std::uint64_t(at[i]);
    return result;
}

ChunkCache::Chunk Array::load(const ChunkIndex& at) const {
    const std::filesystem::path name = file(at);
    if (!std::filesystem::exists(name)) return nullptr;
    const std::size_t n = std::size_t(meta_.chunkValues());
    try {
        const std::string bytes = fovea::file::read(name, 2 * n * meta_.storedSize + 65536);
        // Deflate shrinks at most 1032 times: a smaller file cannot be whole, and nothing large is allocated for it.
        if (codec_->layoutName != "blosc" && codec_->layoutName != "zstd" &&
            n * meta_.storedSize > bytes.size() * 1040 + 1024)
            failDecode(codec_->layoutName.data(), std::to_string(bytes.size()) + " bytes are too few for its chunk");
        auto chunk = std::make_shared<AnyVolume>();
        chunk->dtype = meta_.dtype;
        chunk->shape = {1, 1, std::int64_t(n)};
        chunk->bytes.resize(n * meta_.storedSize);
        codec_->decode(std::as_bytes(std::span(bytes)), chunk->bytes);
        if (meta_.bigEndian && meta_.storedSize > 1) swapBytes(chunk->bytes, meta_.storedSize);
        if (meta_.stored == Stored::Half) chunk->bytes = halfToFloat(chunk->bytes);
        return chunk;
    } catch (Error& e) {
        throw e.context({FOVEA_TR("reading the chunk {path}"), {{"path", name.string()}}});
    }
}

ChunkCache::Chunk Array::cached(const ChunkIndex& at) const {
    const auto& cache = ChunkCache::shared();
    const std::uint64_t k = key(at);
    ChunkCache::Chunk chunk = cache->get(source_, k, [&] { return load(at); });
    if (!chunk) cache->drop(source_, k);  // it may still be written, here or by another process
    return chunk;
}

// Calls f(chunk index, part of the box inside this chunk, that part's begin inside the chunk in z, y, x, values before
// channel and time of this chunk).
template <class F>
void Array::forEachChunk(std::int64_t t, std::int64_t c, const Box& box, F&& f) const {
    const Index size = chunk();
    const std::vector<std::int64_t> all = meta_.strides();
    ChunkIndex at(meta_.dims(), 0);
    std::int64_t before = 0;
    for (const auto& [dim, value] : {std::pair{axes_.t, t}, std::pair{axes_.c, c}}) {
        if (dim < 0) continue;
        at[std::size_t(dim)] = value / meta_.chunks[std::size_t(dim)];
        before += value % meta_.chunks[std::size_t(dim)] * all[std::size_t(dim)];
    }
    Index i;
    for (i.z = box.begin.z / size.z; i.z * size.z < box.end.z; ++i.z)
        for (i.y = box.begin.y / size.y; i.y * size.y < box.end.y; ++i.y)
            for (i.x = box.begin.x / size.x; i.x * size.x < box.end.x; ++i.x) {
                for (int a = 0; a < 3; ++a)
                    if (axes_.spatial(a) >= 0) at[std::size_t(axes_.spatial(a))] = i[a];
                const Index origin{i.z * size.z, i.y * size.y, i.x * size.x};
                const Box part = box.intersected({origin, origin + size});
                f(at, part, part.begin - origin, before);
            }
}

void Array::read(std::int64_t t, std::int64_t c, const Box& box, AnyVolume& out) const {
    if (box.empty() || !Box::of(shape()).contains(box) || t < 0 || t >= timepoints() || c < 0 || c >= channels())
        throw Error(ErrorKind::Internal,
                    {FOVEA_TR("A read outside of {path}: {box}"), {{"path", path_.string()}, {"box", toString(box)}}});
    try {
        out = AnyVolume(meta_.dtype, box.extent());
    } catch (const std::exception&) {  // what bad_alloc and length_error have in common
        throw Error(ErrorKind::Memory, {FOVEA_TR("There is no memory for {size} of {path}. Read a part of it."),
                                        {{"path", path_.string()},
                                         {"size", bytesText(double(box.count()) * double(sizeOf(meta_.dtype)))}}});
    }
    const std::size_t size = sizeOf(meta_.dtype);
    const Index from = strides(meta_, axes_), to = stepsOf(box.extent());
    forEachChunk(t, c, box, [&](const ChunkIndex& at, const Box& part, Index inside, std::int64_t before) {
        std::byte* target = out.bytes.data() + dot(part.begin - box.begin, to) * std::int64_t(size);
        const ChunkCache::Chunk chunk = cached(at);
        if (!chunk) return fillWith(target, to, part.extent(), meta_.fill);
        const std::byte* source = chunk->bytes.data() + (before + dot(inside, from)) * std::int64_t(size);
        copyStrided(source, from, target, to, part.extent(), size);
    });
}

void Array::write(std::int64_t t, std::int64_t c, const Box& box, const AnyVolume& values) {
    if (values.dtype != meta_.dtype || values.shape != box.extent() || box.empty() || !Box::of(shape()).contains(box))
        throw Error(ErrorKind::Internal, {FOVEA_TR("A write that does not fit {path}: {box}"),
                                          {{"path", path_.string()}, {"box", toString(box)}}});
    const std::size_t size = sizeOf(meta_.dtype);
    const Index to = strides(meta_, axes_), from = stepsOf(box.extent());
    forEachChunk(t, c, box, [&](const ChunkIndex& at, const Box& part, Index inside, std::int64_t before) {
        std::vector<std::byte> chunk;
        // Whole as far as the image goes: what lies beyond the border stays fill value.
        const Box cover = Box{part.begin - inside, part.begin - inside + this->chunk()}.intersected(Box::of(shape()));
        const bool whole = part == cover && before == 0 && meta_.chunkValues() == this->chunk().count();
        if (!whole)
            if (const ChunkCache::Chunk old = load(at)) chunk = old->bytes;
        if (chunk.empty()) {
            chunk.resize(std::size_t(meta_.chunkValues()) * size);
            if (std::ranges::any_of(meta_.fill, [](std::byte b) { return b != std::byte{0}; }))
                fillWith(chunk.data(), {0, 0, 1}, {1, 1, meta_.chunkValues()}, meta_.fill);
        }
        copyStrided(values.bytes.data() + dot(part.begin - box.begin, from) * std::int64_t(size), from,
                    chunk.data() + (before + dot(inside, to)) * std::int64_t(size), to, part.extent(), size);
        const std::filesystem::path name = file(at);
        if (meta_.separator == '/') fovea::file::makeFolder(name.parent_path());
        if (meta_.stored == Stored::Half) chunk = floatToHalf(chunk);
        fovea::file::writeQuick(name, codec_->encode(chunk, meta_.storedSize));
        ChunkCache::shared()->drop(source_, key(at));
    });
}

bool Array::finished(std::int64_t t, std::int64_t c, const Box& box) const {
    bool all = true;
    forEachChunk(t, c, box, [&](const ChunkIndex& at, const Box&, Index, std::int64_t) {
        all = all && std::filesystem::exists(file(at));
    });
    return all;
}

}  // namespace fovea::zarr
