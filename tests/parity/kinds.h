#pragma once
#include <string>
#include <vector>

#include "parity/golden_case.h"

namespace fovea::parity {

// Computes what the outputs of a case of this kind should be. Throws Error (and nothing else) when it cannot.
struct Kind {
    const char* name;
    Values (*run)(const GoldenCase& golden);
    // Tolerances by output, where the manifest has them in words or under other names; they come before its own.
    json (*rules)(const GoldenCase& golden) = nullptr;
};

// All kinds this build knows, by family.
const std::vector<Kind>& kinds();

// kinds_query.cpp
Values coreset(const GoldenCase& golden);
// kinds_measure.cpp
Values connectedComponents(const GoldenCase& golden);
Values instanceMatching(const GoldenCase& golden);

// kinds_train.cpp
std::vector<Kind> trainKinds();
// kinds_augment.cpp
std::vector<Kind> augmentKinds();
// kinds_infer.cpp
std::vector<Kind> inferKinds();

}  // namespace fovea::parity
