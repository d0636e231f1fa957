#pragma once
#include <vector>

#include "segment/prompt_engine.h"

namespace fovea::segment {

// A box around an object in one slice as points, for engines that know only these: its middle is of the object, what
// lies two voxels outside the middles of its sides is not, where that is inside `within` (all full-volume coordinates).
std::vector<PointPrompt> pointsOfBox(const Box& box, const Box& within);

}  // namespace fovea::segment
