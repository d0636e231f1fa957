#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "nn/weights.h"

namespace fovea::nn {

// A checkpoint of nnU-Net v2 (spec nnunet.md section 3.7). What is read is plain data; what is written, official
// nnU-Net opens for prediction and to go on training.
struct NnUNetCheckpoint {
    State weights;   // under the network's own names, no duplicates, in the file's order
    State momentum;  // "<parameter>.momentum", of the parameters that have moved; as train::Optimizer::state()
    nlohmann::ordered_json optimizer;   // its one parameter group without "params": lr, momentum, weight_decay, …
    nlohmann::ordered_json gradScaler;  // null on the CPU
    nlohmann::ordered_json logging;     // lists with one entry per epoch
    std::optional<double> bestEma;
    std::int64_t epoch = 0;           // finished ones
    nlohmann::ordered_json initArgs;  // plans, configuration, fold, dataset_json, device
    std::string trainer = "nnUNetTrainer";
    std::optional<std::vector<std::int64_t>> mirrorAxes;  // spatial axes; absent: no mirroring
};

// Names of the parameters in the order of the optimiser's indices: own names without the buffers of batch norms.
std::vector<std::string> parameterOrder(const State& weights);

// Without `training` the momentum stays in the file. Throws Error(Missing | Format | Unsupported) naming file and
// entry.
NnUNetCheckpoint readNnUNetCheckpoint(const std::filesystem::path& path, bool training = true);
// Atomic. Every key of the official state dict is written, duplicates with one storage. Tensors may lie on any device.
void writeNnUNetCheckpoint(const std::filesystem::path& path, const NnUNetCheckpoint& checkpoint);

}  // namespace fovea::nn
