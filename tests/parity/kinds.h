#pragma once
#include <string>
#include <vector>

#include "parity/compare.h"
#include "parity/golden_case.h"

namespace fovea::parity {

// Computes what the outputs of a case of this kind should be. Throws Error (and nothing else) when it cannot.
struct Kind {
    const char* name;
    Values (*run)(const GoldenCase& golden);
    // Instead of `run`, where the outputs of a case are not in the words of compare(): the whole verdict.
    Verdict (*judge)(const GoldenCase& golden) = nullptr;
};

// All kinds this build knows, by family.
const std::vector<Kind>& kinds();

// kinds_query.cpp
Values coreset(const GoldenCase& golden);
// kinds_measure.cpp
Values connectedComponents(const GoldenCase& golden);
Values instanceMatching(const GoldenCase& golden);

// kinds_plan.cpp
std::vector<Kind> planKinds();
// kinds_preprocess.cpp
std::vector<Kind> preprocessKinds();

}  // namespace fovea::parity
