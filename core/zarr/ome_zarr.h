#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"

namespace fovea::zarr {

// Layout of a new OME-Zarr 0.4 image: axes c, z, y, x (c left out when channels == 1), spacing in µm.
struct Layout {
    DType dtype = DType::U8;
    Index shape;
    int channels = 1;
    Geometry geometry;
    Index chunk{16, 128, 128};    // cut to the shape
    std::string codec = "blosc";  // "blosc" (zstd inside), "zstd", "zlib", "raw"; gpu-core has "raw" alone
    std::vector<std::string> channelNames = {};
    bool labels = false;  // levels by mode (most frequent value, ties to the smaller), else by mean; adds "image-label"
};

// Writes slab by slab; readable while it grows. Chunks not written are fill value 0. write() is thread-safe for boxes
// that share no chunk; a box need not be chunk-aligned (partial chunks are read, changed, written).
class Writer {
  public:
    // Creates the folder with its metadata; an existing one with the same layout is continued, another is an
    // Error(Input).
    Writer(const std::filesystem::path& path, const Layout& layout);
    ~Writer();
    void write(int channel, const Box& box, const AnyVolume& values);
    template <class T>
    void write(int channel, Index at, const Volume<T>& values) {
        write(channel, Box::of(values.shape()).shifted(at), AnyVolume::from(values));
    }
    // Adds coarser levels (factor 2 in the axes that are fine enough, until all ≤ 256) and their metadata.
    void buildLevels();
    // The same with progress; cancelling leaves the levels built so far out of the metadata.
    void buildLevels(Job& job);
    // True when every chunk that the box touches is on disk: how an interrupted run knows where to go on.
    bool finished(int channel, const Box& box) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// True for a folder (or a path inside one) with .zarray, .zattrs multiscales or .zgroup.
bool isZarr(const std::filesystem::path& path);
// OME-Zarr 0.4 (multiscales; axes t c z y x in any allowed subset) or a plain Zarr v2 array of 2 to 5 dimensions.
// Chunks go through ChunkCache::shared(). Throws Error(Missing | Format | Unsupported).
ImagePtr open(const std::filesystem::path& path, int timepoint = 0);

// Whole volume to a new OME-Zarr, for small things and tests.
template <class T>
void save(const std::filesystem::path& path, const Volume<T>& volume, bool labels = false) {
    Layout layout;
    layout.dtype = dtypeOf<T>();
    layout.shape = volume.shape();
    layout.geometry = volume.geometry;
    layout.labels = labels;
    Writer writer(path, layout);
    writer.write(0, {0, 0, 0}, volume);
}

}  // namespace fovea::zarr
