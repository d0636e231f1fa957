#pragma once
#include <vector>

#include "data/image_source.h"

namespace fovea::zarr {

// Which axes the next coarser level halves: those not much coarser than the finest. All 1 when the image is small (≤
// 256).
Index nextFactor(Index shape, Vec3 spacing);
// Every level from full resolution to ≤ 256 per axis.
std::vector<LevelInfo> pyramidLevels(Index shape, Vec3 spacing);

// Reduces blocks of `factor` (1 or 2 per axis; cut at the border) to one value: the mean (integers: half up), or the
// most frequent value (ties to the smaller).
AnyVolume reduce(const AnyVolume& fine, Index factor, bool mode);

}  // namespace fovea::zarr
