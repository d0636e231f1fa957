#pragma once
#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/compute.h"

namespace fovea::tensorfile {
class TorchFile;
struct TorchArray;
}  // namespace fovea::tensorfile

namespace fovea::nn {

// Names to tensors, in the order the network registered them.
using State = std::vector<std::pair<std::string, torch::Tensor>>;

// Parameters and buffers, sharing storage with the module. Names are the checkpoint's keys.
State stateOf(const torch::nn::Module& module);

struct KeyReport {
    std::vector<std::string> missing;     // the network has it, the file does not
    std::vector<std::string> unexpected;  // the file has it, the network does not
    std::vector<std::string> mismatched;  // "name: file 32×1×3×3, network 16×1×3×3"
    bool ok() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
    // "3 missing (a, b, c), 1 of another shape (…)": at most three of each named.
    std::string str() const;
};
KeyReport compareState(const State& from, const torch::nn::Module& module);

// Copies values by name into the module, where it is. Prefixes "module." and "_orig_mod." and nnU-Net's duplicate names
// (".all_modules.", "decoder.encoder.") are understood. Throws Error(Format) "checkpoint of another network" with the
// report when a name or shape differs; the module is then unchanged. `source` names the file in that error.
void loadState(const State& from, torch::nn::Module& module, const std::string& source);

// Safetensors file with the module's state (float32, CPU) and `about` (small strings: topology, plan id, …) in its
// header. Atomic: the old or the new file is there after a crash.
void saveWeights(const std::filesystem::path& path, const torch::nn::Module& module,
                 const std::map<std::string, std::string>& about = {});
void saveState(const std::filesystem::path& path, const State& state,
               const std::map<std::string, std::string>& about = {});
// Strict; see loadState. Throws Error(Missing | Format | Unsupported).
void loadWeights(const std::filesystem::path& path, torch::nn::Module& module);
// All tensors of a safetensors file, or the weights of a file of torch.save (.pth, .pt): the entry `group` of its
// dictionary; without a name the one that published checkpoints call "network_weights", "model", "state_dict" or
// "model_state", else the dictionary itself. Names of one tensor share storage.
State readState(const std::filesystem::path& path, const std::string& group = "");
// Tensors of an open file whose paths begin with `prefix`, without it, in the file's order.
State readTensors(tensorfile::TorchFile& file, const std::string& prefix);
// The tensor's elements where they lie, for tensorfile::writeTorch(); it must be contiguous, on the CPU, and live on.
tensorfile::TorchArray arrayOf(const torch::Tensor& tensor);
// The strings of the header alone.
std::map<std::string, std::string> readAbout(const std::filesystem::path& path);
// One of them that is JSON text; absent when there is none of this name. Throws Error(Format) naming the file.
std::optional<nlohmann::json> readAboutJson(const std::filesystem::path& path, const std::string& key);

// Moves the module to the device and its convolution weights into the layout that `compute` names.
void place(torch::nn::Module& module, const std::string& device, const Compute& compute);
// The same layout for an input (B, C, [Z,] Y, X).
torch::Tensor placed(const torch::Tensor& input, const Compute& compute);

}  // namespace fovea::nn
