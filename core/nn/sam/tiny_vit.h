#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/linear.h"
#include "nn/steps.h"

// TinyViT (Wu et al. 2022) as MobileSAM (Zhang et al. 2023) uses it for its image encoder.
namespace fovea::nn::sam {

// The default is MobileSAM's (vit_t).
struct TinyVitConfig {
    std::int64_t imageSize = 1024;
    std::vector<std::int64_t> widths{64, 128, 160, 320}, depths{2, 2, 6, 2};  // of four stages
    std::vector<std::int64_t> heads{2, 4, 5, 10}, windows{7, 7, 14, 7};       // the first stage has neither
    std::int64_t outChannels = 256;
    std::int64_t classes = 1000;  // of the classifier, which the checkpoint has and nothing uses

    std::int64_t grid() const { return imageSize / 16; }
    // Throws Error(Input): sizes that don't divide or no network can have.
    void check() const;
};

// Convolution without bias and batch norm. Keys: c.weight, bn.*
class ConvBnImpl : public torch::nn::Module {
  public:
    ConvBnImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
               std::int64_t groups = 1);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::Conv2d c_{nullptr};
    torch::nn::BatchNorm2d bn_{nullptr};
};
TORCH_MODULE(ConvBn);

// 1 × 1 to `hidden`, 3 × 3 per channel, 1 × 1 to `out`, GELU between them, on (B, C, H, W). Keys: conv{1..3}.
class ConvChainImpl : public torch::nn::Module {
  public:
    ConvChainImpl(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t stride);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    ConvBn conv1_{nullptr}, conv2_{nullptr}, conv3_{nullptr};
};
TORCH_MODULE(ConvChain);

// Inverted bottleneck with a residual, GELU after it. Keys: ConvChain's.
class MbConvImpl : public ConvChainImpl {
  public:
    MbConvImpl(std::int64_t width, std::int64_t expansion);
    torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(MbConv);

// From one stage to the next: halves the map, but not on the way to a last stage's width (320, 448, 576), as the
// authors' segmentation models do. Keys: ConvChain's.
class PatchMergeImpl : public ConvChainImpl {
  public:
    PatchMergeImpl(std::int64_t in, std::int64_t out);
};
TORCH_MODULE(PatchMerge);

// Attention inside windows of a map (B, H, W, C), with a learned bias for each distance in rows and columns. Cells
// beyond the border are zeros before the norm and count as keys. Keys: norm, qkv, proj, attention_biases.
class BiasedAttentionImpl : public torch::nn::Module {
  public:
    BiasedAttentionImpl(std::int64_t width, std::int64_t heads, std::int64_t window);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    std::int64_t heads_, window_;
    torch::nn::LayerNorm norm_{nullptr};
    Linear qkv_{nullptr}, proj_{nullptr};
    torch::Tensor biases_;  // (heads, window²)
    torch::Tensor index_;   // not in the checkpoint
};
TORCH_MODULE(BiasedAttention);

// Entry of a bias table for each pair of cells of a window: (window², window²) int64.
torch::Tensor biasIndex(std::int64_t window);

// Keys: norm, fc1, fc2.
class NormedMlpImpl : public torch::nn::Module {
  public:
    NormedMlpImpl(std::int64_t width, std::int64_t hidden);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::LayerNorm norm_{nullptr};
    Linear fc1_{nullptr}, fc2_{nullptr};
};
TORCH_MODULE(NormedMlp);

// On maps (B, H, W, C). Keys: attn, local_conv, mlp.
class TinyBlockImpl : public torch::nn::Module {
  public:
    TinyBlockImpl(std::int64_t width, std::int64_t heads, std::int64_t window);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    BiasedAttention attn_{nullptr};
    ConvBn localConv_{nullptr};
    NormedMlp mlp_{nullptr};
};
TORCH_MODULE(TinyBlock);

// Keys: patch_embed.seq.{0,2}, layers.{s}.blocks.{i}, layers.{s}.downsample, norm_head, head, neck.
class TinyVitEncoderImpl : public torch::nn::Module {
  public:
    explicit TinyVitEncoderImpl(const TinyVitConfig& config);
    // Normalised images (B, 3, imageSize, imageSize) → embeddings (B, outChannels, grid, grid). Steps: patch_embed,
    // stage{s} as (B, N, C), neck. Throws Error(Input) for another image size.
    torch::Tensor forward(const torch::Tensor& image, Steps* steps = nullptr, const Between& between = {});

    const TinyVitConfig& config() const { return config_; }

  private:
    struct Stage {
        std::vector<MbConv> convolutions;  // of the first stage
        std::vector<TinyBlock> blocks;     // of the others
        PatchMerge downsample{nullptr};    // not of the last
    };
    Stage addStage(std::size_t s, torch::nn::Module& layer) const;

    TinyVitConfig config_;
    torch::nn::Sequential patchEmbed_{nullptr};
    std::vector<Stage> stages_;
    torch::nn::Sequential neck_{nullptr};
};
TORCH_MODULE(TinyVitEncoder);

}  // namespace fovea::nn::sam
