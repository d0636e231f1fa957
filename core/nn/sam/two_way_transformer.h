#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/linear.h"
#include "nn/sam/layers.h"
#include "nn/steps.h"

namespace fovea::nn::sam {

// Attention of (B, n, width) queries to (B, m, width) keys at an inner width. Keys: q_proj, k_proj, v_proj, out_proj.
// Where one side is so few that its heads together are no wider than the inner width, the many are never projected:
// what they would be multiplied with is folded into the few, the same sums in another order for less than half of the
// work.
class CrossAttentionImpl : public torch::nn::Module {
  public:
    CrossAttentionImpl(std::int64_t width, std::int64_t inner, std::int64_t heads);
    torch::Tensor forward(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);
    // x + forward(q, k, v).
    torch::Tensor addedTo(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& k,
                          const torch::Tensor& v);

  private:
    torch::Tensor split(const torch::Tensor& x) const;  // (B, n, inner) → (B, heads, n, inner / heads)
    torch::Tensor joined(const torch::Tensor& x);       // and back, to the outer width
    torch::Tensor fewToMany(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v);
    torch::Tensor manyToFew(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& k,
                            const torch::Tensor& v);

    std::int64_t heads_;
    Linear q_{nullptr}, k_{nullptr}, v_{nullptr}, out_{nullptr};
};
TORCH_MODULE(CrossAttention);

// What the two-way transformer works on: tokens (B, n, width) and the image's cells (B, m, width).
struct TwoWay {
    torch::Tensor queries, keys;
};

// Post-norm layer: tokens among themselves, tokens to image, feed-forward, image to tokens. Keys: self_attn,
// cross_attn_token_to_image, cross_attn_image_to_token, norm{1..4}, mlp.
class TwoWayBlockImpl : public torch::nn::Module {
  public:
    // In the first block the tokens' self-attention has neither positions nor a residual.
    TwoWayBlockImpl(std::int64_t width, std::int64_t heads, std::int64_t hidden, bool first);
    TwoWay forward(const TwoWay& x, const TwoWay& positions);

  private:
    bool first_;
    CrossAttention selfAttn_{nullptr}, tokenToImage_{nullptr}, imageToToken_{nullptr};
    torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr}, norm3_{nullptr}, norm4_{nullptr};
    FeedForward mlp_{nullptr};
};
TORCH_MODULE(TwoWayBlock);

// Keys: layers.{i}, final_attn_token_to_image, norm_final_attn.
class TwoWayTransformerImpl : public torch::nn::Module {
  public:
    TwoWayTransformerImpl(std::int64_t depth, std::int64_t width, std::int64_t heads, std::int64_t hidden);
    // positions.queries are the tokens as they came. Steps: layer{i}_queries, layer{i}_keys, hs, src.
    TwoWay forward(TwoWay x, const TwoWay& positions, Steps* steps = nullptr);

  private:
    std::vector<TwoWayBlock> layers_;
    CrossAttention finalAttn_{nullptr};
    torch::nn::LayerNorm normFinal_{nullptr};
};
TORCH_MODULE(TwoWayTransformer);

}  // namespace fovea::nn::sam
