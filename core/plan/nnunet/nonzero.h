#pragma once
#include <cstdint>
#include <vector>

#include "data/volume.h"

// Cutting away the empty surroundings of an image (spec nnunet.md section 1.4).
namespace fovea::plan::nnunet {

// 1 where any channel is not 0, and in holes: 0 that is not connected to the border of the volume over faces. All
// channels of one shape, at least one.
Volume<std::uint8_t> nonzeroMask(const std::vector<Volume<float>>& channels);

// Smallest box around the mask; everything when it is empty.
Box boxAround(const Volume<std::uint8_t>& mask);

}  // namespace fovea::plan::nnunet
