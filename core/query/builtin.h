#pragma once
#include <memory>

#include "query/strategy.h"

namespace fovea::query {

// "coreset": greedy k-centre over the patch features, labelled patches first.
std::shared_ptr<const QueryStrategy> coresetStrategy();
// "random": the honest comparison.
std::shared_ptr<const QueryStrategy> randomStrategy();

}  // namespace fovea::query
