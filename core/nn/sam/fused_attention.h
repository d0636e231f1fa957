#pragma once
#include <ATen/core/Tensor.h>

namespace fovea::nn::sam {

// softmax(q·kᵀ / √d + row term + column term) · v of each head without the matrix of all pairs of cells, which has
// heads · cells² numbers: some queries after the other, while their scores, or a tile of them (see
// online_attention.h), fit into the processor's cache. qkv (B, H,
// W, 3 · heads · d) in float32, float64 or bfloat16 (the softmax then in float32) on the CPU, rowTerm (B, heads, H, W,
// H), columnTerm (B, heads, H, W, W) → (B, H, W, heads · d). Has no gradient.
at::Tensor fusedAttention(const at::Tensor& qkv, const at::Tensor& rowTerm, const at::Tensor& columnTerm,
                          std::int64_t heads);

}  // namespace fovea::nn::sam
