#pragma once
#include <filesystem>
#include <optional>

#include "nnunet/files.h"
#include "nnunet/folders.h"
#include "project/artifacts.h"

namespace fovea::stage {

struct ExportedDataset {
    std::filesystem::path raw;                   // the data set
    std::optional<std::filesystem::path> model;  // and the trained network
    int cases = 0;
};

// What a person labelled and what was trained on it, as nnU-Net's users have them: `raw`, a new data-set folder with
// one .nii.gz per channel and label maps of the classes that the plan teaches (what nobody decided is the ignore
// label), and below `models` the newest model as fold_all of nnUNetTrainer__foveaPlans__<configuration>, which official
// nnU-Net predicts with and goes on training. Only what is certain counts as labelled. Throws Error(Missing) when
// nothing was annotated or planned yet, Error(Input) when `raw` exists; Cancelled.
ExportedDataset exportDataset(const project::Project& project, const project::StageList& stages,
                              const std::filesystem::path& raw, const std::optional<std::filesystem::path>& models,
                              const nnunet::Files& files, Job& job);

}  // namespace fovea::stage
