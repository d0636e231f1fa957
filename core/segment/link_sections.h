#pragma once
#include <vector>

#include "base/job.h"
#include "segment/pseudo_labeler.h"

namespace fovea::segment {

struct LinkRules {
    double minOverlap = 0.3;  // of the smaller of two outlines
    std::int64_t maxGap = 1;  // sections in which an object may have been missed
};

// Objects out of what was found in single sections. `sections`: every id stands for one object in one section;
// scores[id − 1] in 0…1. Outlines of neighbouring sections are joined by measure::linkSlices; then an object that ends
// and one that begins at most maxGap sections further are joined where each is the other's best IoU, and what lies
// between is filled, where it is free, with outlines in between (signed distances, interpolated). Ids 1…n; confidence:
// the scores' mean, each weighted by its outline's area. Throws Cancelled.
PseudoLabels linkSections(const Volume<std::int32_t>& sections, const std::vector<double>& scores,
                          const LinkRules& rules, Job& job);

}  // namespace fovea::segment
