#pragma once
#include <vector>

#include "data/image_source.h"

namespace fovea {

// Images of equal shape as the channels of one, in order, read at full resolution: nnU-Net keeps every channel in a
// file. Description and geometry are those of the first; the type is theirs if it is one, else float32. Throws
// Error(Input) for no image, or shapes that differ, naming the file.
ImagePtr stackChannels(std::vector<ImagePtr> images);

}  // namespace fovea
