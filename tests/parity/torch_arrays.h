#pragma once
#include <ATen/core/Tensor.h>

#include "nn/unet.h"
#include "parity/golden_case.h"

// Stored arrays as torch's, and networks with the weights of the nnU-Net fixtures.
namespace fovea::parity {

c10::Device deviceOf(const GoldenCase& golden);
// The full name of the device that is meant. From here on it computes float32 in float32: a GPU's convolutions would
// round to TF32. Throws Error(Device).
std::string chosenDevice(const std::string& wanted);

at::Tensor toTorch(const tensorfile::Tensor& array);     // float32 stays, whole numbers become int64
tensorfile::Tensor fromTorch(const at::Tensor& tensor);  // float32, float64, or int64
// On the device under test.
at::Tensor madeTensor(const GoldenCase& golden, const json& recipe);

// The network of config.architecture with weights by the README's "hash" recipe, in float32.
nn::UNet hashedNetwork(const json& config, const json& weights);

}  // namespace fovea::parity
