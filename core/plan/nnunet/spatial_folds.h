#pragma once
#include <vector>

#include "data/box.h"

namespace fovea::plan::nnunet {

// One part of a volume to test on, and the parts to learn from.
struct SpatialFold {
    Box validation;
    std::vector<Box> train;  // before and behind it, one or two
};

// Cross-validation inside of one volume. It is cut across one axis, the one that holds most patches, into contiguous
// blocks of equal thickness (the first ones a voxel thicker where they do not divide). Each block is tested on once, by
// a network that learnt from the rest less a margin of half a patch, rounded up, on either side: a patch centred in the
// block then shares no voxel with a patch that lies in the training boxes, so neighbours that look alike do not flatter
// the score. Five blocks, fewer where a fold would keep no training box as thick as the margin; empty when not even two
// blocks leave one, below four margins (two patches).
std::vector<SpatialFold> spatialFolds(Index shape, Index patch, int most = 5);

}  // namespace fovea::plan::nnunet
