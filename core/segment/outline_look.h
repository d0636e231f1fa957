#pragma once
#include "base/job.h"
#include "data/volume.h"
#include "segment/grid_cut.h"

namespace fovea::segment {

// How much of an outline each face between voxels is not, given what the outline of a mask looks like: the image along
// a line across it tells outline from no outline by a linear discriminant (Fisher 1936), learned along the axes of the
// plane and along z, and what it says becomes a cost (the logarithm of its belief, times the area of the face). A fall
// or rise of the grey value or a wall between two alike is thus known as the outline of this very object, whatever the
// next one has. Learned from faces where `trusted` is 1, near the outline; from all where there are too few of them.
// The outline that the mask has there is a third of the cost, because it is probably right. `image`: lightly blurred,
// finite; `mask`: 0 or 1, with voxels of both; `spacing`: finest axis 1. Costs of faces of which no voxel is `Open`
// stay 0.
FaceCosts outlineCosts(const Volume<float>& image, const Volume<std::uint8_t>& mask,
                       const Volume<std::uint8_t>& trusted, const Volume<Side>& sides, Vec3 spacing, Job& job);

}  // namespace fovea::segment
