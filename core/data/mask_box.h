#pragma once
#include <cstdint>

#include "data/box.h"
#include "data/volume.h"

namespace fovea {

// Smallest box with all voxels of a mask that are not 0; empty when there are none.
Box boxOf(const Volume<std::uint8_t>& mask);

}  // namespace fovea
