#pragma once
#include "labels/brush.h"
#include "labels/label_layer.h"

namespace fovea::labels {

// The label under a voxel, 0 outside the volume.
ObjectId pick(const LabelLayer& layer, Index at);

// Voxels with the label found at `seed`, connected to it inside `bounds` (clipped to the volume): over faces, so
// 4-connected in a bounds of one slice, 6-connected otherwise. Empty when `seed` is not in bounds. Throws Error(Input)
// when `bounds` holds more than 2²⁸ voxels; memory follows bounds. Reading is tile by tile: what the fill does not
// reach is never read.
Stamp fill(const LabelLayer& layer, Index seed, const Box& bounds);
// The same in the slice through `seed` with this normal (0 = z, 1 = y, 2 = x).
Stamp fillSlice(const LabelLayer& layer, Index seed, int axis = 0);

}  // namespace fovea::labels
