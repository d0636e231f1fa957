#pragma once
#include "data/synthetic.h"

namespace fovea::synthetic {

SyntheticSample makeEm(Index shape, std::uint64_t seed, Job& job);
SyntheticSample makeNuclei(Index shape, std::uint64_t seed, Job& job);

// Gives every 26-connected piece of equal labels an id of its own, 1…n in the order of first voxels; pieces with fewer
// than `least` voxels become 0.
void numberPieces(Volume<std::int32_t>& labels, std::int64_t least, Job& job);

}  // namespace fovea::synthetic
