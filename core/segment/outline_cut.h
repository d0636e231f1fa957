#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"
#include "segment/grid_cut.h"

namespace fovea::segment {

// What a region is divided by; see outline_look.h.
struct Evidence {
    Volume<float> image;
    Volume<std::uint8_t> mask, trusted;
    Vec3 spacing;     // finest axis 1
    double pull = 0;  // what an open voxel costs outside, in faces and for a voxel of 1 × 1 × 1
};

// Puts every open voxel on the side where the outline is cheapest by the look of the mask's own (grid_cut.h); of large
// regions first between coarse cells, then among the voxels at the surface found (Lombaert, Sun, Grady, Xu 2005).
// Returns what a face of the outline costs on average. Throws Cancelled.
double cutByLook(const Evidence& evidence, Volume<Side>& sides, Job& job);

}  // namespace fovea::segment
