#pragma once
#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/weights.h"
#include "support/hash_uniform.h"

// Reference outputs kept outside the repository (FOVEA_SHARED, else ../shared): their recipes and files.
namespace fovea::test {

// <shared>/golden/<name>; throws Skipped when it is not there.
std::filesystem::path goldenFolder(const std::string& name);
// The cases of manifest.json with this value under `field` ("kind" or "arch").
std::vector<nlohmann::json> goldenCases(const std::filesystem::path& folder, const std::string& field,
                                        const std::string& value);

// Recipe kind "uniform" of the nnU-Net goldens; `wanted` of the model goldens (kind "u").
torch::Tensor recipeTensor(const nlohmann::json& recipe);
// nnU-Net goldens: the n-th name in byte order uses key base + n; model goldens use base 0.
void hashWeights(torch::nn::Module& module, std::uint64_t base);

using Tensors = std::map<std::string, torch::Tensor>;
// All tensors of a safetensors file whose names begin with `prefix`, which is cut off.
Tensors goldenTensors(const std::filesystem::path& file, const std::string& prefix);
// Largest |a − b| − rel · |b| over the elements.
double excess(const torch::Tensor& a, const torch::Tensor& b, double rel);
// max |a − b| / max |b|; reads "stored": "samples" (see README of the model goldens).
double relativeError(const torch::Tensor& got, const torch::Tensor& stored, const nlohmann::json& description);

}  // namespace fovea::test
