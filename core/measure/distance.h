#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// Exact Euclidean distance, in the units of `spacing` (z, y, x, each > 0), from the centre of every voxel with mask ≠ 0
// to the centre of the nearest voxel with mask = 0; 0 on the background, infinity when there is no background. Outside
// the volume counts as background only with `borderIsBackground` (its voxels lie one step beyond the edge). Separable
// lower envelopes of parabolas (Felzenszwalb, Huttenlocher 2012), rows in parallel. Throws Error(Input) for a spacing
// that is not positive.
Volume<float> distanceTransform(const Volume<std::uint8_t>& mask, Vec3 spacing, bool borderIsBackground, Job& job);
inline Volume<float> distanceTransform(const Volume<std::uint8_t>& mask, Vec3 spacing = {1, 1, 1}) {
    Job nothing;
    return distanceTransform(mask, spacing, false, nothing);
}

}  // namespace fovea::measure
