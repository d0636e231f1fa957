#pragma once
#include <torch/nn/modules/container/modulelist.h>

#include "nn/blocks.h"
#include "nn/encoder.h"

namespace fovea::nn {

// Two convolutions beside a shortcut (ResNet-D's basic block): the shortcut is the identity, or average pooling where
// the block has a stride, followed by a 1 × 1 convolution without bias and a norm where the channels change. Keys:
// conv1.*, conv2.*, skip.1.* (skip.0.* without a stride)
class ResidualBlockImpl : public torch::nn::Module {
  public:
    ResidualBlockImpl(std::int64_t in, std::int64_t out, const Sizes& kernel, const Sizes& stride);
    // `raw` as in ConvNorm, of the first convolution.
    torch::Tensor forward(const torch::Tensor& x, torch::Tensor* raw = nullptr);
    // So that a fresh block passes on its shortcut alone.
    void zeroLastNorm();

  private:
    Sizes stride_;
    bool strided_ = false;
    ConvBlock conv1_{nullptr};
    ConvNorm conv2_{nullptr}, projection_{nullptr};  // projection_ empty where channels stay
};
TORCH_MODULE(ResidualBlock);

// The encoder of nnU-Net's ResidualEncoderUNet (spec nnunet.md 3.3). Keys: stem.convs.0.*, stages.{i}.blocks.{b}.*
class ResidualEncoder : public Encoder {
  public:
    explicit ResidualEncoder(const Topology& topology);
    std::vector<torch::Tensor> forward(const torch::Tensor& x, std::vector<torch::Tensor>* raw) override;
    void finishInitialisation() override;

  private:
    ConvStack stem_{nullptr};
    std::vector<std::vector<ResidualBlock>> stages_;
};

}  // namespace fovea::nn
