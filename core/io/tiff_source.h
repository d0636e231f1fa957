#pragma once
#include <filesystem>

#include "data/image_source.h"

namespace fovea::io {

// TIFF, BigTIFF, ImageJ hyperstacks and OME-TIFF in one file, read by box: full resolution only. Colours of a page are
// channels, palettes give their indices, bilevel pages 0 and 1, half floats become floats. Decoded blocks go through
// ChunkCache::shared(). Throws Error(Missing | Format | Unsupported | Input).
ImagePtr openTiff(const std::filesystem::path& path, int timepoint = 0);

// True when the first page has one bit per sample: in a series with 8-bit pages its 1 means white.
bool isBilevelTiff(const std::filesystem::path& path);

}  // namespace fovea::io
