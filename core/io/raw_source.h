#pragma once
#include "data/image_source.h"
#include "io/volume_header.h"

namespace fovea::io {

// Values that lie uncompressed in one file, read by box. `info` must describe header.sizes (x, y, z[, t]).
ImagePtr openRaw(const VolumeHeader& header, ImageInfo info, int timepoint);

}  // namespace fovea::io
