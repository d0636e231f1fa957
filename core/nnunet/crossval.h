#pragma once
#include "nnunet/evaluate.h"
#include "nnunet/folders.h"

// The predictions that the networks of a cross-validation made of the cases they did not see, in one folder
// <model>/crossval_results_folds_0_1_2_3_4 (spec nnunet.md section 1.1).
namespace fovea::nnunet {

using Folds = std::vector<int>;

// "0_1_2"
std::string foldsText(const Folds& folds);
// As many as the data set's splits_final.json has, else nnU-Net's five.
Folds allFolds(const DatasetFolders& dataset);

struct Crossval {
    std::filesystem::path folder;
    ComparedFolders compared;
    ScoredClasses scored;
    measure::LabelSummary summary;
};

// Collects label maps (and probabilities and properties where there are) of the folds' `validation` folders, with the
// model's plans.json and dataset.json, scores them against the data set's gt_segmentations and writes summary.json. An
// older folder of that name is replaced. Throws Error: Missing for a model, a fold or a case of one that is not there;
// Input for no folds, or a case that two folds predicted. Cancelled.
Crossval collectCrossval(const Files& files, const DatasetFolders& dataset, const std::filesystem::path& model,
                         const Folds& folds, Job& job);

// What nnU-Net needs to know of predictions that are no single fold's: copies `from`/plans.json and dataset.json.
void copyModelFiles(const std::filesystem::path& from, const std::filesystem::path& to);

// Scores `folder`, predictions of these folds, against the data set's references and writes summary.json there. All
// cases in it must have one.
Crossval scoreCrossval(const Files& files, const DatasetFolders& dataset, const std::filesystem::path& folder,
                       const Folds& folds, Job& job);

// Decides whether keeping the largest components helps and writes postprocessing.json and .pkl there.
measure::Postprocessing decidePostprocessing(const Files& files, const Crossval& crossval, Job& job);

}  // namespace fovea::nnunet
