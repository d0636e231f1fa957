#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/unet.h"
#include "plan/nnunet/dataset_json.h"
#include "plan/nnunet/plans_file.h"

namespace fovea::nn {

// A folder as training with nnU-Net v2 leaves it (spec nnunet.md 1.1): plans.json, dataset.json, and checkpoints in
// fold_0, fold_1, … or fold_all.
struct TrainedModel {
    plan::nnunet::PlansFile plans;
    plan::nnunet::DatasetJson dataset;
    std::string configuration;             // "3d_fullres", …
    std::vector<std::string> folds;        // "0", "all", …: one per network
    std::vector<UNet> networks;            // on the CPU, float32
    std::vector<std::int64_t> mirrorAxes;  // spatial axes of the network's input that may be mirrored; may be empty
};

// Folds of the folder that have a checkpoint of this name, numbers in their order, then "all".
std::vector<std::string> foldsOf(const std::filesystem::path& folder, const std::string& checkpoint);

// The networks of these folds; without any, of all there are. Without a name the final checkpoints, else the best ones.
// Throws Error(Missing) for what is not there, Error(Unsupported) for another network, Error(Format) naming the file
// and what does not belong together.
TrainedModel loadTrainedModel(const std::filesystem::path& folder, std::vector<std::string> folds = {},
                              std::string checkpoint = "");

}  // namespace fovea::nn
