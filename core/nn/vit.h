#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "nn/linear.h"

namespace fovea::nn {

// Over the last axis, with the vision transformers' eps.
torch::nn::LayerNorm layerNorm(std::int64_t width, double eps = 1e-6);

// Multi-head self-attention over tokens (B, N, D). Keys: qkv.*, proj.*; qkv's output splits as (3, heads, D / heads).
class AttentionImpl : public torch::nn::Module {
  public:
    AttentionImpl(std::int64_t width, std::int64_t heads);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    std::int64_t heads_;
    Linear qkv_{nullptr}, proj_{nullptr};
};
TORCH_MODULE(Attention);

// Two linear layers with exact GELU between them. Keys: fc1.*, fc2.*
class MlpImpl : public torch::nn::Module {
  public:
    MlpImpl(std::int64_t width, std::int64_t hidden);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    Linear fc1_{nullptr}, fc2_{nullptr};
};
TORCH_MODULE(Mlp);

// Pre-norm transformer block, MLP ratio 4, layer norm eps 1e-6. Keys: norm1, attn, norm2, mlp (timm's).
class VitBlockImpl : public torch::nn::Module {
  public:
    VitBlockImpl(std::int64_t width, std::int64_t heads);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
    Attention attn_{nullptr};
    Mlp mlp_{nullptr};
};
TORCH_MODULE(VitBlock);

// Fixed sine-cosine position code of a grid × grid image, (1, 1 + grid², width) float32: row 0 (class token) zeros,
// patch (row i, column j) = [E(j); E(i)], column first. Computed in double. `width` is a multiple of 4.
torch::Tensor sineCosine(std::int64_t width, std::int64_t grid);
// Another grid size: patch rows interpolated as an image, bicubic, corners not aligned; the class row unchanged.
torch::Tensor resizePositions(const torch::Tensor& positions, std::int64_t rows, std::int64_t columns);

}  // namespace fovea::nn
