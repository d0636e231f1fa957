#pragma once
#include <string>
#include <vector>

#include "parity/golden_case.h"

namespace fovea::parity {

// Computes what the outputs of a case of this kind should be. Throws Error (and nothing else) when it cannot.
struct Kind {
    const char* name;
    Values (*run)(const GoldenCase& golden);
};

// All kinds this build knows, by family.
const std::vector<Kind>& kinds();

// kinds_query.cpp
Values coreset(const GoldenCase& golden);
// kinds_measure.cpp
Values connectedComponents(const GoldenCase& golden);
Values instanceMatching(const GoldenCase& golden);

}  // namespace fovea::parity
