#pragma once
#include <filesystem>
#include <string>

#include "data/chunk_cache.h"
#include "zarr/array_meta.h"
#include "zarr/codec.h"

namespace fovea::zarr {

// Which dimension of an array is t, c, z, y, x; −1 where the array has none (its extent is 1 then).
struct AxisMap {
    int t = -1, c = -1, z = -1, y = -1, x = -1;
    // The last n of t, c, z, y, x.
    static AxisMap ofDims(std::size_t n);
    int spatial(int axis) const { return axis == 0 ? z : axis == 1 ? y : x; }
};

// One Zarr v2 array on disk. Decoded chunks go through ChunkCache::shared(), under one source number per array folder,
// so that a writer in this process is seen by its readers. Thread-safe; writers must not share a chunk.
class Array {
  public:
    // Throws Error(Missing | Format | Unsupported).
    Array(const std::filesystem::path& path, AxisMap axes);
    Array(const std::filesystem::path& path) : Array(path, AxisMap{}) { axes_ = AxisMap::ofDims(meta_.dims()); }

    const ArrayMeta& meta() const { return meta_; }
    const std::filesystem::path& path() const { return path_; }
    Index shape() const;  // z, y, x
    std::int64_t extent(int dim) const { return dim < 0 ? 1 : meta_.shape[std::size_t(dim)]; }
    std::int64_t channels() const { return extent(axes_.c); }
    std::int64_t timepoints() const { return extent(axes_.t); }
    Index chunk() const;  // z, y, x

    // Fills `out` (resized to the box). The box must lie inside shape().
    void read(std::int64_t t, std::int64_t c, const Box& box, AnyVolume& out) const;
    // Chunks that the box covers in part are read, changed and written.
    void write(std::int64_t t, std::int64_t c, const Box& box, const AnyVolume& values);
    // True when every chunk that the box touches has its file.
    bool finished(std::int64_t t, std::int64_t c, const Box& box) const;

  private:
    using ChunkIndex = std::vector<std::int64_t>;
    template <class F>
    void forEachChunk(std::int64_t t, std::int64_t c, const Box& box, F&& f) const;
    ChunkCache::Chunk cached(const ChunkIndex& at) const;
    ChunkCache::Chunk load(const ChunkIndex& at) const;
    std::uint64_t key(const ChunkIndex& at) const;
    std::filesystem::path file(const ChunkIndex& at) const { return path_ / meta_.chunkName(at); }

    std::filesystem::path path_;
    ArrayMeta meta_;
    AxisMap axes_;
    const Codec* codec_ = nullptr;
    std::uint64_t source_ = 0;
};

}  // namespace fovea::zarr
