#pragma once
#include <memory>

#include "segment/pseudo_labeler.h"

namespace fovea::segment {

// Pseudo-labels without any training, id "classical". Blobs with a threshold of their own (blob_finder.h), at a size
// estimated from the image outside `held`; touching bright objects are grown to their half height by a seeded
// watershed. Voxels more than four times as thick as wide, or sections that look so where the voxel size is not known
// (section_step.h): slice by slice, then linked along z, and only what several slices agree on is kept; `parameters`
// holds "slices" and "why". Works tile by tile: beside the image and the labels of the box asked for, memory follows
// the tile.
std::shared_ptr<const PseudoLabeler> classicalLabeler();

}  // namespace fovea::segment
