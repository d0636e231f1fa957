#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/linear.h"

// Layers that the networks around Segment Anything share (Kirillov et al. 2023; facebookresearch/segment-anything).
namespace fovea::nn::sam {

// Normalisation of each pixel of (B, C, H, W) over its channels: biased variance, eps 1e-6. Keys: weight, bias.
class LayerNorm2dImpl : public torch::nn::Module {
  public:
    explicit LayerNorm2dImpl(std::int64_t channels);
    torch::Tensor forward(const torch::Tensor& x);

    torch::Tensor weight, bias;  // (channels)
};
TORCH_MODULE(LayerNorm2d);

// From an encoder's channels to the embedding's: (B, in, H, W) → (B, out, H, W). Keys: 0.weight, 1.*, 2.weight, 3.*
torch::nn::Sequential neck(std::int64_t in, std::int64_t out);

// Throws Error(Input) unless an image is (B, 3, side, side).
void checkImage(const torch::Tensor& image, std::int64_t side);

enum class Activation { Gelu, Relu };

// Two linear layers. Keys: lin1.*, lin2.*
class FeedForwardImpl : public torch::nn::Module {
  public:
    FeedForwardImpl(std::int64_t width, std::int64_t hidden, Activation activation);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    Activation activation_;
    Linear lin1_{nullptr}, lin2_{nullptr};
};
TORCH_MODULE(FeedForward);

// `depth` linear layers with ReLU between them. Keys: layers.{i}.*
class PerceptronImpl : public torch::nn::Module {
  public:
    PerceptronImpl(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t depth);
    torch::Tensor forward(torch::Tensor x);

  private:
    std::vector<Linear> layers_;
};
TORCH_MODULE(Perceptron);

}  // namespace fovea::nn::sam
