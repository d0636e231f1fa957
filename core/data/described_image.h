#pragma once
#include "data/image_source.h"

namespace fovea {

// The voxels of `image` under another description: name, geometry, channel names. Shape, type and channels must be the
// same. For images whose file cannot say them all.
ImagePtr describedAs(ImagePtr image, ImageInfo info);

}  // namespace fovea
