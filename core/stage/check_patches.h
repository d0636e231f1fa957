#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/tables.h"

namespace fovea::stage {

// A patch that is only ever scored, with what is left out of everything around it.
struct CheckPatch {
    std::string caseId;
    Box box, guarded;
};

// At most `count` of `pool`, drawn at random for the seed, whatever is known about them; at least `leave` patches (and
// one) that touch no guard are left to choose from, else fewer are drawn. The guard is a quarter of a patch on each
// side, along an axis on which patches are one voxel thick one voxel; where that would take more than half of the pool,
// there is none. `shapes`: of the images, by case.
std::vector<CheckPatch> drawCheck(const std::vector<Patch>& pool, const std::map<std::string, Index>& shapes,
                                  std::int64_t count, std::int64_t leave, std::uint64_t seed);

}  // namespace fovea::stage
