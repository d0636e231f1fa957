#pragma once
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// A region that a person drew, (1, H, W) of 0 and 1, as points for prompt engines: the deepest pixel, then each time
// the deepest that the circles around the earlier ones leave, at most `most` and none less than half as deep as the
// first. Empty when the region has no pixel.
std::vector<Index> pointsOfRegion(const Volume<std::uint8_t>& region, int most, Job& job);

}  // namespace fovea::segment
