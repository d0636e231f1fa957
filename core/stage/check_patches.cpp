#include "stage/check_patches.h"

#include <algorithm>

#include "base/rng.h"

namespace fovea::stage {

namespace {

constexpr std::uint64_t stream = 0xC4EC;  // other numbers than a strategy draws from the same seed
constexpr int guardShare = 4;

Box guardedBox(const Box& box, Index shape, bool guard) {
    if (!guard) return box;
    Index margin;
    for (int axis = 0; axis < 3; ++axis) {
        const std::int64_t extent = box.end[axis] - box.begin[axis];
        margin[axis] = extent == 1 ? 1 : extent / guardShare;
    }
    return box.grown(margin).intersected(Box::of(shape));
}

std::size_t free(const std::vector<Patch>& pool, const std::vector<CheckPatch>& check) {
    return std::size_t(std::count_if(pool.begin(), pool.end(), [&](const Patch& patch) {
        return std::none_of(check.begin(), check.end(), [&](const CheckPatch& one) {
            return one.caseId == patch.caseId && one.guarded.overlaps(patch.box);
        });
    }));
}

}  // namespace

std::vector<CheckPatch> drawCheck(const std::vector<Patch>& pool, const std::map<std::string, Index>& shapes,
                                  std::int64_t count, std::int64_t leave, std::uint64_t seed) {
    std::vector<Patch> order = pool;
    Rng(seed, stream).shuffle(order);
    const std::size_t least = std::size_t(std::max<std::int64_t>(1, leave));
    for (std::int64_t n = std::min(count, std::int64_t(order.size())); n > 0; --n)
        for (const bool guard : {true, false}) {
            std::vector<CheckPatch> check;
            for (const Patch& patch : order) {
                if (std::int64_t(check.size()) == n) break;
                check.push_back({patch.caseId, patch.box, guardedBox(patch.box, shapes.at(patch.caseId), guard)});
            }
            const std::size_t left = free(pool, check);
            if (left >= least && (!guard || 2 * left >= pool.size())) return check;
        }
    return {};
}

}  // namespace fovea::stage
