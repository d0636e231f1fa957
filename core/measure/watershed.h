#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// Floods `landscape` from the non-zero voxels of `seeds`, lowest value first, inside mask ≠ 0 (empty mask: everywhere),
// over 6 or 26 neighbours, or over the 4 or 8 of the same slice. Equal values: first reached, first served (seeds in C
// order), so the result is deterministic (the order of scikit-image's watershed). Voxels no seed reaches stay 0; seeds
// outside the mask are ignored. NaN counts as highest. Pieces of the mask that don't touch are flooded in parallel,
// which does not show in the result. Throws Error(Input) when shapes differ or for another connectivity, Cancelled.
Volume<std::int32_t> watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds,
                               const Volume<std::uint8_t>& mask, int connectivity, Job& job);
inline Volume<std::int32_t> watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds,
                                      const Volume<std::uint8_t>& mask = {}, int connectivity = 6) {
    Job nothing;
    return watershed(landscape, seeds, mask, connectivity, nothing);
}

}  // namespace fovea::measure
