#pragma once
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "nn/topology.h"

namespace fovea::nn {

// The downward half of a U-Net; its keys stand below "encoder." (and again below "decoder.encoder." in official files).
class Encoder : public torch::nn::Module {
  public:
    // Outputs of all stages of (B, in, [Z,] Y, X), full resolution first. `raw`, where given, receives each stage's
    // first convolution's output before its norm.
    virtual std::vector<torch::Tensor> forward(const torch::Tensor& x, std::vector<torch::Tensor>* raw = nullptr) = 0;
    // What the original does after the general initialisation of weights.
    virtual void finishInitialisation() {}
};

std::shared_ptr<Encoder> makeEncoder(const Topology& topology);

}  // namespace fovea::nn
