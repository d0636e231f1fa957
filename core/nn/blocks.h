#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

namespace fovea::nn {

using Sizes = std::vector<std::int64_t>;

// Convolution over 2 or 3 spatial axes (kernel.size()), padding (k−1)/2. Keys: weight, bias.
class ConvImpl : public torch::nn::Module {
  public:
    ConvImpl(std::int64_t in, std::int64_t out, Sizes kernel, Sizes stride, bool withBias = true);
    torch::Tensor forward(const torch::Tensor& x);

    torch::Tensor weight;  // (out, in, k…)
    torch::Tensor bias;    // (out), undefined without bias

  private:
    Sizes stride_, padding_;
};
TORCH_MODULE(Conv);

// Transposed convolution with kernel = stride. Keys: weight, bias.
class UpConvImpl : public torch::nn::Module {
  public:
    UpConvImpl(std::int64_t in, std::int64_t out, Sizes stride);
    torch::Tensor forward(const torch::Tensor& x);

    torch::Tensor weight;  // (in, out, k…)
    torch::Tensor bias;    // (out)

  private:
    Sizes stride_;
};
TORCH_MODULE(UpConv);

// Instance norm, affine, eps 1e-5, without running statistics. Keys: weight, bias.
class InstanceNormImpl : public torch::nn::Module {
  public:
    explicit InstanceNormImpl(std::int64_t channels);
    torch::Tensor forward(const torch::Tensor& x);

    torch::Tensor weight, bias;  // (channels)
};
TORCH_MODULE(InstanceNorm);

// Convolution → instance norm. Keys: conv.*, norm.*
class ConvNormImpl : public torch::nn::Module {
  public:
    ConvNormImpl(std::int64_t in, std::int64_t out, Sizes kernel, Sizes stride, bool withBias = true);
    // `raw`, where given, receives the convolution's output before its norm.
    torch::Tensor forward(const torch::Tensor& x, torch::Tensor* raw = nullptr);
    InstanceNorm norm() const { return norm_; }

  private:
    Conv conv_{nullptr};
    InstanceNorm norm_{nullptr};
};
TORCH_MODULE(ConvNorm);

// Convolution → instance norm → leaky ReLU (0.01): nnU-Net's building block. Keys: conv.*, norm.*
class ConvBlockImpl : public ConvNormImpl {
  public:
    using ConvNormImpl::ConvNormImpl;
    torch::Tensor forward(const torch::Tensor& x, torch::Tensor* raw = nullptr);
};
TORCH_MODULE(ConvBlock);

// `count` blocks, the first with the stride and the change of channels. Keys: convs.{c}.*
class ConvStackImpl : public torch::nn::Module {
  public:
    ConvStackImpl(std::int64_t count, std::int64_t in, std::int64_t out, const Sizes& kernel, const Sizes& stride);
    // `raw` as in ConvBlock, of the first block.
    torch::Tensor forward(torch::Tensor x, torch::Tensor* raw = nullptr);

  private:
    std::vector<ConvBlock> blocks_;
};
TORCH_MODULE(ConvStack);

torch::Tensor leakyRelu(const torch::Tensor& x);  // slope 0.01, in place

// He initialisation as nnU-Net does it: weights of (transposed) convolutions normal with std sqrt(2 / (1 + 0.01²) /
// fan_in), where torch's rule gives transposed convolutions fan_in = out · kernel volume; biases 0; norms 1 and 0.
void heInitialise(torch::nn::Module& module, std::uint64_t seed);

}  // namespace fovea::nn
