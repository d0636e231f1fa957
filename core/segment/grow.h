#pragma once
#include <vector>

#include "base/job.h"
#include "segment/blob_finder.h"

namespace fovea::segment {

// Grows bright blobs outwards to half the height between their own brightness and that of their surroundings, at most
// `reach` voxels beyond their boxes; where they meet, a seeded watershed on the brightness draws the line. Blobs in the
// order given; never overlapping. Corrects cores that touching neighbours forced to a high threshold.
void growToHalfHeight(std::vector<Blob>& blobs, const Volume<float>& image, Index reach, Job& job);

}  // namespace fovea::segment
