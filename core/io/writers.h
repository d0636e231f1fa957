#pragma once
#include <filesystem>

#include "io/formats.h"

namespace fovea::io {

// One function per kind of target, called by write(); each writes to `path` itself, which write() has staged.

// Multi-page TIFF that ImageJ opens with its voxel size: channels fastest, then slices. BigTIFF beyond 3.9 GB.
void writeTiff(const std::filesystem::path& path, const ImageSource& image, const WriteOptions& options, Job& job);
// A folder of 0000.png … or 0000.tif …, one per section, first channel.
void writeSeries(const std::filesystem::path& folder, const std::string& suffix, const ImageSource& image,
                 const WriteOptions& options, Job& job);
// OME-Zarr 0.4 with levels.
void writeZarr(const std::filesystem::path& folder, const ImageSource& image, const WriteOptions& options, Job& job);

}  // namespace fovea::io
