#pragma once
#include <cstdint>
#include <vector>

#include "data/box.h"

namespace fovea::segment {

// Adds to a set of voxels (offsets into a volume of this shape) what it encloses: voxels that cannot be reached from
// outside over face neighbours. In 2D for one slice, in 3D else. The edge of the volume counts as outside.
void fillHoles(std::vector<std::int32_t>& voxels, const Index& shape);

}  // namespace fovea::segment
