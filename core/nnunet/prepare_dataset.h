#pragma once
#include <optional>
#include <string>
#include <vector>

#include "nnunet/files.h"
#include "nnunet/folders.h"
#include "plan/nnunet/experiment_planner.h"
#include "plan/nnunet/plan_reasons.h"
#include "plan/nnunet/plans_file.h"

// From a raw data set to what training reads (spec nnunet.md sections 1, 2 and 4.1).
namespace fovea::nnunet {

struct PlannedDataset {
    std::filesystem::path plans;
    std::vector<std::string> configurations;
    std::vector<plan::Choice> choices;  // see plan::nnunet::planReasons()
};

// Checks the data set, measures its fingerprint and plans; writes dataset.json, dataset_fingerprint.json and the plans
// file into the preprocessed folder, and copies splits_final.json when the raw data set has one. A fingerprint that is
// there already is taken over unless `again`. Throws as plan::nnunet::checkCase(), measureDataset(), planExperiment().
PlannedDataset planDataset(const DatasetFolders& folders, const Files& files,
                           const plan::nnunet::PlannerRequest& request, bool again, Job& job);

// The preprocessed cases of one configuration: <preprocessed>/<data set>/<data_identifier>_fovea.
std::filesystem::path casesFolder(const DatasetFolders& folders, const plan::nnunet::PlansFile& plans,
                                  const std::string& configuration);
std::filesystem::path plansPath(const DatasetFolders& folders, const std::string& plansName);

// Preprocesses every case for these configurations (none: all that the plans have), several at once, and copies the
// labels to gt_segmentations. Cases that are there are left alone unless `again`.
void preprocessDataset(const DatasetFolders& folders, const Files& files, const std::string& plansName,
                       std::vector<std::string> configurations, bool again, Job& job);

// Names of the cases, as training and cross-validation count them.
std::vector<std::string> caseNames(const DatasetFolders& folders, const plan::nnunet::PlansFile& plans,
                                   const std::string& configuration);

}  // namespace fovea::nnunet
