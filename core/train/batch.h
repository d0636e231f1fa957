#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "nn/compute.h"
#include "train/sample_source.h"

namespace fovea::train {

struct Batch {
    at::Tensor image;   // (B, C, [Z,] Y, X) float32
    at::Tensor target;  // (B, [Z,] Y, X) int64
    at::Tensor weight;  // (B, [Z,] Y, X) float32, 0…1
};

// Stacks samples of one shape; `dims` 2 drops the depth of 1.
Batch collate(const std::vector<SampleArrays>& samples, int dims);

// A batch moved to the device and into the layout.
Batch moved(const Batch& batch, const std::string& device, const nn::Compute& compute);

}  // namespace fovea::train
