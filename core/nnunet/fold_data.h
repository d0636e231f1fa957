#pragma once
#include <string>
#include <vector>

#include "nnunet/prepare_dataset.h"
#include "plan/nnunet/splits.h"
#include "plan/nnunet_preprocess.h"
#include "train/fold_sampler.h"

// What one network of a cross-validation learns from (spec nnunet.md sections 1.7 and 4.2).
namespace fovea::nnunet {

// A configuration of a planned and preprocessed data set.
struct PlannedTask {
    PlannedTask(DatasetFolders folders, const std::string& plansName, const std::string& configuration);

    DatasetFolders folders;
    plan::nnunet::DatasetJson dataset;
    plan::nnunet::PlansFile plans;
    std::string plansName, configuration;
    nlohmann::ordered_json entry;  // of the configuration
    Index patch;                   // depth 1 for 2D
    int dims = 3;
    std::int64_t batch = 2;

    std::filesystem::path cases() const;
    // Where the earlier stage of a cascade leaves its labels on this configuration's grid; empty without one.
    std::filesystem::path previousLabels() const;
    std::vector<std::int32_t> previousClasses() const;  // empty without an earlier stage
};

// The fold of this name ("0", "all", …). splits_final.json is made when there is none and several cases, or a single
// volume that is large enough, allow a cross-validation; a message says how the data was split.
plan::nnunet::Fold chooseFold(const PlannedTask& task, const std::string& fold, Job& job);

// The fold's cases to train on, or to validate on; boxes of spatial folds (in the image as stored) become parts on the
// network's grid.
std::vector<train::FoldCase> foldCases(const PlannedTask& task, const plan::nnunet::Fold& fold, bool validation);

// A box of the image as stored, on the network's grid; only voxels wholly inside.
Box onNetworkGrid(const Box& stored, const plan::CaseProperties& properties, const plan::PreprocessRule& rule,
                  Index grid);

}  // namespace fovea::nnunet
