#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::stage {

// Scores of one method on one or more test boxes; counts add up over cases.
struct Scores {
    std::int64_t references = 0, predictions = 0;
    std::int64_t tp50 = 0, fp50 = 0, fn50 = 0, tp75 = 0, fp75 = 0, fn75 = 0;
    std::int64_t splits = 0, merges = 0;
    std::int64_t both = 0, inTruth = 0, inPrediction = 0;  // foreground voxels, for Dice

    double f1(bool strict = false) const;
    double dice() const;
    Scores& operator+=(const Scores& other);
};

// f1, f1_75, dice, splits, merges, counts, "interval" (95 % bootstrap of F1 over objects) and "enough_objects" (at
// least 30: below, differences between methods mean little).
nlohmann::json toJson(const Scores& scores, std::uint64_t seed);

// Compares inside `test`. On both sides an object counts when at least half of it lies in the box and it has at least
// `minVoxels` voxels in the whole image; objects are cut to the box before matching. Dice takes all foreground inside
// the box. Throws Error(Input) when shapes differ.
Scores scoreInside(const Volume<std::int32_t>& truth, const Volume<std::int32_t>& prediction, const Box& test,
                   std::int64_t minVoxels, Job& job);

}  // namespace fovea::stage
