#pragma once
#include "nnunet/files.h"
#include "nnunet/fold_data.h"
#include "nnunet/predictor.h"

namespace fovea::nnunet {

struct ValidatedFold {
    double dice = 0;  // mean over the foreground classes
    std::size_t cases = 0;
};

// Predicts the fold's validation cases whole, with mirroring, into <fold>/validation, scores them against
// gt_segmentations (summary.json), and, for the first stage of a cascade, leaves the labels on the next stage's grid
// (spec nnunet.md section 4.8). Spatial folds are scored inside of their boxes alone. Uses checkpoint_final.pth.
ValidatedFold validateFold(const PlannedTask& task, const std::string& fold, const Files& files,
                           const PredictOptions& options, bool saveProbabilities, Job& job);

}  // namespace fovea::nnunet
