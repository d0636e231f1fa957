#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/sam/attention.h"
#include "nn/sam/layers.h"
#include "nn/steps.h"

namespace fovea::nn::sam {

// The vision transformer of Segment Anything (Kirillov et al. 2023). The default is ViT-B.
struct VitConfig {
    std::int64_t imageSize = 1024, patchSize = 16;
    std::int64_t width = 768, depth = 12, heads = 12, mlpRatio = 4;
    std::int64_t window = 14;
    std::vector<std::int64_t> globalBlocks{2, 5, 8, 11};  // blocks without windows
    std::int64_t outChannels = 256;                       // 0 = without the neck: what the last block gives

    std::int64_t grid() const { return imageSize / patchSize; }
    // Throws Error(Input): sizes that don't divide or no network can have.
    void check() const;
};

// Pre-norm transformer block on (B, H, W, D). Keys: norm1, attn, norm2, mlp.
class BlockImpl : public torch::nn::Module {
  public:
    // As RelativeAttention.
    BlockImpl(std::int64_t width, std::int64_t heads, std::int64_t mlpRatio, std::int64_t window, Cells map);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
    RelativeAttention attn_{nullptr};
    FeedForward mlp_{nullptr};
};
TORCH_MODULE(Block);

// Keys: pos_embed, patch_embed.proj, blocks.{i}, neck.
class VitEncoderImpl : public torch::nn::Module {
  public:
    explicit VitEncoderImpl(const VitConfig& config);
    // Normalised images (B, 3, imageSize, imageSize) → embeddings (B, outChannels or width, grid, grid). Steps:
    // patch_embed, pos_added, block{i} as (B, H, W, D), neck. Throws Error(Input) for another image size.
    torch::Tensor forward(const torch::Tensor& image, Steps* steps = nullptr, const Between& between = {});

    const VitConfig& config() const { return config_; }

  private:
    VitConfig config_;
    torch::Tensor posEmbed_;           // (1, grid, grid, width)
    torch::nn::Conv2d proj_{nullptr};  // patch_embed.proj
    std::vector<Block> blocks_;
    torch::nn::Sequential neck_{nullptr};
};
TORCH_MODULE(VitEncoder);

}  // namespace fovea::nn::sam
