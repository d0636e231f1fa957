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
    std::vector<char> found;  // per true object, always in the same order: matched at IoU 0.5, for paired comparison

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

// The same for a box that a person labelled, given with its surroundings: `box` lies inside both volumes, and how much
// of an object lies in the box is judged by what is seen of it there. What is `ignored` (not 0) counts on neither side;
// an object ignored by at least half is none. All other objects count, whatever their size. The volumes are used up.
Scores scoreLabelled(Volume<std::int32_t> reference, Volume<std::int32_t> prediction,
                     const Volume<std::uint8_t>& ignored, const Box& box, Job& job);

// What a round's figures say about putting it to use in place of what is in use, both scored on the same objects.
struct Promotion {
    bool judged = false;       // there was something to compare with
    bool promoted = true;      // not worse; also when nothing could be judged
    double difference = 0;     // of F1
    double low = 0, high = 0;  // 95 % of what it may be, by redrawing objects in pairs
};

// Worse is: F1 lower by 0.05 or more, however few objects there are; or, from 30 true objects on, lower by so much that
// redrawing objects (2,000 times, in pairs) leaves it lower in 97.5 % of the draws; or F1 not higher and Dice lower by
// 0.05 or more.
Promotion comparePaired(const Scores& inUse, const Scores& now, std::uint64_t seed);

}  // namespace fovea::stage
