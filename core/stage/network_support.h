#pragma once
#include <string>
#include <vector>

#include "nn/compute.h"
#include "nn/unet.h"
#include "plan/planner.h"
#include "project/stage.h"
#include "stage/patch_grid.h"
#include "train/trainer.h"

namespace fovea::stage {

// What the stages that run networks share.

plan::Plan planOf(const project::StageContext& context);
// The cases something may be learnt from: all but those held out as a whole.
std::vector<std::string> learnableCases(const project::StageContext& context);
// "auto" and a run's --threads, as torch wants them.
std::string deviceOf(const project::StageContext& context);
// A training request of the plan for this run: folder, device, threads and seed set.
train::TrainRequest trainingOf(const project::StageContext& context, const plan::Plan& plan, train::Phase phase);
// Pseudo-labels of all cases that have some, everything in them believed; empty cases when there are none.
train::TrainSource pseudoSource(const project::StageContext& context, const plan::Plan& plan);
// Weights of a model artifact; absent when that model was never trained.
std::optional<std::filesystem::path> weightsIn(const std::optional<std::filesystem::path>& model);

// The network in `weights`. Throws Error(Format) naming the file when it is not the one that the plan describes.
nn::UNet networkOf(const plan::Plan& plan, const std::filesystem::path& weights);

}  // namespace fovea::stage
