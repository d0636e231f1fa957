#pragma once
#include "nn/blocks.h"
#include "nn/encoder.h"

namespace fovea::nn {

// The encoder of nnU-Net's PlainConvUNet (spec nnunet.md 3.2). Keys: stages.{i}.0.convs.{c}.*
class PlainEncoder : public Encoder {
  public:
    explicit PlainEncoder(const Topology& topology);
    std::vector<torch::Tensor> forward(const torch::Tensor& x, std::vector<torch::Tensor>* raw) override;

  private:
    std::vector<ConvStack> stages_;
};

}  // namespace fovea::nn
