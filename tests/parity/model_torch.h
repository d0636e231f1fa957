#pragma once
#include <torch/nn/module.h>

#include <set>

#include "nn/weights.h"
#include "parity/golden_case.h"

// Inputs and weights of the model fixtures for networks, in the precision under test.
namespace fovea::parity {

c10::ScalarType precisionOf(const GoldenCase& golden);

// An input of the case, on the device under test: floating-point values in the precision under test, whole numbers as
// stored.
at::Tensor modelInput(const GoldenCase& golden, const char* name);
// The stored array as it is (float32, float64, int64, int32, uint8).
at::Tensor sameTorch(const tensorfile::Tensor& array);

// Float32 values by the README's "hash/1" for the names, shapes and types of `like`, which must be all entries of the
// official state dict: count, elements, names and, where meaningful, sum are held against the case's `weights`;
// Error(Format) when they differ. Entries named in `kept` stay as they are in `like` (fixed position codes).
nn::State hashedState(const GoldenCase& golden, nn::State like, const std::set<std::string>& kept = {});
// The same for a module's own state, which then is in evaluation mode, in the precision and on the device under test.
void hashWeights(const GoldenCase& golden, torch::nn::Module& module, const std::set<std::string>& kept = {});

}  // namespace fovea::parity
