#pragma once
#include <cstdint>

#include "data/volume.h"

namespace fovea::train {

// How instance labels become what the network learns. With `boundary`: 0 background, 1 interior, 2 border (a shell
// inside every object that keeps touching ones apart); else 0 and 1.
struct TargetRule {
    bool boundary = true;
    Index radius{0, 1, 1};  // voxels the border reaches into an object, per axis
    std::int64_t classes() const { return boundary ? 3 : 2; }
};

// `labels` and `weight` (0 = not known) of equal shape; ids ≤ 0 are background. A voxel of an object is border when a
// known voxel of another id or of the background lies within `radius` (a box); unknown voxels and the volume's faces
// make no border.
Volume<std::uint8_t> classTargets(const Volume<std::int32_t>& labels, const Volume<std::uint8_t>& weight,
                                  const TargetRule& rule);

}  // namespace fovea::train
