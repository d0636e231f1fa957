#pragma once
#include <memory>
#include <vector>

#include "project/artifacts.h"
#include "query/strategy.h"
#include "segment/pseudo_labeler.h"

namespace fovea::stage {

using project::Stage;
using project::StageContext;
using project::StageList;

// The labelers built in, in the order they are offered: those without networks, then those with.
const std::vector<std::shared_ptr<const segment::PseudoLabeler>>& pseudoLabelers();

// What stages offer as choices: the built-ins, then those of plug-ins.
struct Extensions {
    std::vector<std::shared_ptr<const segment::PseudoLabeler>> pseudoLabelers = stage::pseudoLabelers();
    std::vector<std::shared_ptr<const query::QueryStrategy>> strategies = query::strategies();
};

// The chain, in order. One list for everything (stages_all.cpp), one for GPU nodes (stages_gpu.cpp); CMake picks.
StageList stages(const Extensions& extensions = {});

// What an artifact's folder holds, by kind:
//   image          image.json (info, percentiles per channel)
//   pseudo-labels  labels.zarr (int32), objects.json
//   plan           plan.json
//   model          pretrain@0, fine-tune@r: model files of core/nn
//   encoder        learn-features: the MAE
//   features       features.npy (float32, patches × dim), patches.json — see feature_file.h
//   queue          queue.json (chosen patches, best first); check.json where patches were drawn for the check
//   annotations    per case: labels.zarr (int32), weight.zarr (uint8), snapshot.json
//   probabilities  probability.zarr (uint8; channel 0 = foreground or interior, 1 = border if present)
//   objects        labels.zarr (int32), objects.json
//   scores         scores.json: "truths": [{truth, scores: {method: …}, boxes, cases}], "summary"
//   export         the exported files
Stage importStage();
Stage pseudoLabelStage(const Extensions& extensions);
Stage planStage();
Stage pretrainStage();
Stage learnFeaturesStage();
Stage featuresStage();
Stage queryStage(const Extensions& extensions);
Stage annotateStage();
Stage fineTuneStage();
Stage predictStage();
Stage instancesStage();
Stage evaluateStage();
Stage exportStage();

}  // namespace fovea::stage
