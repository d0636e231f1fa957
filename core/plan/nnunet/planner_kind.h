#pragma once
#include <string>
#include <vector>

#include "plan/topology.h"

// What nnU-Net v2 itself plans, exactly (spec nnunet.md).
namespace fovea::plan::nnunet {

// How a planner has images, labels and predictions resampled (spec section 6.4): nnU-Net's default, linearly with torch
// in all axes, or with slices of uneven grids kept apart, or not at all.
enum class Resampler { Default, Torch, TorchSeparate, None };

// One of nnU-Net's planners (spec section 2.1).
struct PlannerKind {
    std::string name;       // "ExperimentPlanner", …
    std::string plansName;  // "nnUNetPlans", …
    bool residual = false;
    double reference3d = 0, reference2d = 0;  // feature maps that fit into `gigabytes`
    double gigabytes = 8;
    double datasetShare = 0.05;
    Resampler resampler = Resampler::Default;

    // For 2 or 3 axes and this much GPU memory.
    NetworkBudget budget(int dims, double gpuGigabytes) const;
    NetworkBudget budget(int dims) const { return budget(dims, gigabytes); }
};

// Default, ResEnc, ResEnc M, L, XL, and those of them that resample otherwise.
const std::vector<PlannerKind>& plannerKinds();
const PlannerKind& defaultPlanner();
const PlannerKind& plannerByName(const std::string& name);  // throws Error(Input) naming the known ones

}  // namespace fovea::plan::nnunet
