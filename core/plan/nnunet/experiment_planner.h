#pragma once
#include <optional>
#include <string>
#include <vector>

#include "plan/nnunet/dataset_fingerprint.h"
#include "plan/nnunet/planner_kind.h"

namespace fovea::plan::nnunet {

// What a person may ask of a planner.
struct PlannerRequest {
    std::string planner = "ExperimentPlanner";  // see plannerKinds()
    std::string plansName;                      // empty = the planner's own
    std::optional<double> gpuGigabytes;         // memory target instead of the planner's own
    std::optional<Vec3> targetSpacing;          // of full resolution, axes as stored
    bool keepAxes = false;                      // no transposition
};

// "2d", "3d_fullres" or "3d_lowres", all axes transposed.
struct PlannedConfiguration {
    std::string name;
    std::vector<double> spacing, median;  // 2 or 3 entries; of the images resampled to this spacing
    PatchPlan patch;
    bool batchDice = true;
};

// What nnU-Net's planners decide (spec nnunet.md section 2).
struct ExperimentPlan {
    PlannerKind planner;
    std::string plansName;
    std::vector<double> medianSpacing;      // of the cases, transposed
    std::vector<std::int64_t> medianShape;  // after cropping, transposed
    std::vector<std::int64_t> transposeForward, transposeBackward;
    std::vector<PlannedConfiguration> configurations;  // 2d, 3d_lowres, 3d_fullres, as far as they exist
    std::vector<std::string> normalisations;           // one class name per channel
    std::vector<bool> masked;                          // normalised inside of the nonzero mask only, per channel
    std::vector<Intensity> foreground;                 // per channel, of the fingerprint

    const PlannedConfiguration* find(const std::string& name) const;
};

// The plan that nnU-Net v2 makes, number for number; among axes that cover equally much of the image the last is
// shortened first. One difference, where the original never ends: images with a single layer get that axis to the front
// even when another one is coarser, and so a 2d configuration alone. Throws Error(Input) for an unknown planner, a
// spacing or memory target that is not above 0, or a fingerprint of other channels than dataset.json.
ExperimentPlan planExperiment(const DatasetFingerprint& fingerprint, const DatasetJson& dataset,
                              const PlannerRequest& request);

}  // namespace fovea::plan::nnunet
