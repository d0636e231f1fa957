#pragma once
#include <vector>

#include "plan/nnunet/experiment_planner.h"
#include "plan/planner.h"

namespace fovea::plan::nnunet {

// What the plan chose and why, in plain words: planner and its memory, axes, normalisation, and of each configuration
// spacing, patch and batch; at the end whether there is a cascade.
std::vector<Choice> planReasons(const ExperimentPlan& plan, const PlannerRequest& request);

}  // namespace fovea::plan::nnunet
