#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/steps.h"
#include "nn/weights.h"

// The decoder of micro-sam (Archit et al. 2025) that turns an image embedding to maps of instances: torch-em's UNETR
// (Hatamizadeh et al. 2022) without skips from the encoder.
namespace fovea::nn::sam {

enum class Upsampling { Resample, Transpose };

// What the decoder's four batch norms normalise with. micro-sam uses the batch at hand; here it is each image alone, so
// that no result depends on its neighbours. Training takes the whole batch, as batch norm does.
enum class Statistics { PerImage, Running };

struct UnetrConfig {
    std::int64_t embedding = 256;
    std::vector<std::int64_t> features{512, 256, 128, 64};
    Upsampling upsampling = Upsampling::Resample;
    std::int64_t outChannels = 3;

    void check() const;  // throws Error(Input)
};

// Twice as many rows and columns. Keys: conv.* (bilinear, then 1 × 1) or block.* (transposed convolution).
class DoublingImpl : public torch::nn::Module {
  public:
    DoublingImpl(std::int64_t in, std::int64_t out, Upsampling upsampling);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::Conv2d conv_{nullptr};
    torch::nn::ConvTranspose2d block_{nullptr};
};
TORCH_MODULE(Doubling);

// Doubling, convolution, batch norm, ReLU. Keys: block.0, block.1.block, block.2.
class DeconvImpl : public torch::nn::Module {
  public:
    DeconvImpl(std::int64_t in, std::int64_t out, Upsampling upsampling);
    torch::Tensor forward(const torch::Tensor& x, Statistics statistics);

  private:
    Doubling up_{nullptr};
    torch::nn::Conv2d conv_{nullptr};
    torch::nn::BatchNorm2d norm_{nullptr};
};
TORCH_MODULE(Deconv);

// Twice instance norm without weights, convolution, ReLU. Keys: block.1, block.4.
class NormConvImpl : public torch::nn::Module {
  public:
    NormConvImpl(std::int64_t in, std::int64_t out);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::Conv2d first_{nullptr}, second_{nullptr};
};
TORCH_MODULE(NormConv);

// Keys: base, decoder.samplers.{i}, decoder.blocks.{i}, deconv{1..4}, deconv_out, decoder_head, out_conv.
class UnetrDecoderImpl : public torch::nn::Module {
  public:
    explicit UnetrDecoderImpl(const UnetrConfig& config);
    // (B, embedding, g, g) → (B, outChannels, 16·g, 16·g) between 0 and 1: foreground, distance to the centre, distance
    // to the boundary; distances are 0 deep inside and 1 at the rim and outside. Steps: deconv{1..4}, base, decoder,
    // deconv_out, decoder_head.
    torch::Tensor forward(const torch::Tensor& embedding, Statistics statistics = Statistics::PerImage,
                          Steps* steps = nullptr);

    const UnetrConfig& config() const { return config_; }

  private:
    UnetrConfig config_;
    NormConv base_{nullptr}, head_{nullptr};
    std::vector<Doubling> samplers_;
    std::vector<NormConv> blocks_;
    std::vector<Deconv> deconvs_;
    Doubling deconvOut_{nullptr};
    torch::nn::Conv2d outConv_{nullptr};
};
TORCH_MODULE(UnetrDecoder);

// Sizes and variant from names and shapes of a decoder's tensors. Throws Error(Format) naming `source` and what is
// missing when it is none.
UnetrConfig unetrConfig(const State& state, const std::string& source);

}  // namespace fovea::nn::sam
