#pragma once
#include <string>
#include <vector>

#include "plan/topology.h"

// What nnU-Net v2 itself plans, exactly (spec nnunet.md).
namespace fovea::plan::nnunet {

// One of nnU-Net's planners (spec section 2.1).
struct PlannerKind {
    std::string name;       // "ExperimentPlanner", …
    std::string plansName;  // "nnUNetPlans", …
    bool residual = false;
    double reference3d = 0, reference2d = 0;  // feature maps that fit into `gigabytes`
    double gigabytes = 8;
    double datasetShare = 0.05;

    // For 2 or 3 axes and this much GPU memory.
    NetworkBudget budget(int dims, double gpuGigabytes) const;
    NetworkBudget budget(int dims) const { return budget(dims, gigabytes); }
};

// Default, ResEnc, ResEnc M, L, XL.
const std::vector<PlannerKind>& plannerKinds();
const PlannerKind& defaultPlanner();
const PlannerKind& plannerByName(const std::string& name);  // throws Error(Input) naming the known ones

}  // namespace fovea::plan::nnunet
