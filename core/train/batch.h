#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "nn/compute.h"
#include "train/sample_source.h"

namespace fovea::train {

struct Batch {
    at::Tensor image;   // (B, C, [Z,] Y, X) float32
    at::Tensor target;  // (B, [Z,] Y, X) uint8 as collated, int64 once moved
    at::Tensor weight;  // (B, [Z,] Y, X) float32, 0…1
};

// Stacks samples of one shape; `dims` 2 drops the depth of 1. `pinned`: in memory that a GPU reads by itself.
Batch collate(const std::vector<SampleArrays>& samples, int dims, bool pinned = false);

// A batch moved to the device, as its losses take it, and into the layout. From pinned memory nobody waits for it.
Batch moved(const Batch& batch, const std::string& device, const nn::Compute& compute);

}  // namespace fovea::train
