#pragma once
#include "data/box.h"
#include "data/image_source.h"

namespace fovea {

// What lies in `box` of an image, at full resolution, as an image of its own; its origin stays the whole image's.
// Throws Error(Input) for a box that is empty or not inside.
ImagePtr partOf(ImagePtr image, const Box& box);

}  // namespace fovea
