#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "nn/linear.h"

namespace fovea::nn::sam {

// Rows of a table of relative positions (length, d) for each pair of a query and a key along one axis: (queries, keys,
// d). A table of another length than 2·max(queries, keys) − 1 is resampled linearly first, corners not aligned.
torch::Tensor relativePositions(const torch::Tensor& table, std::int64_t queries, std::int64_t keys);

// The extent of a map of tokens.
struct Cells {
    std::int64_t rows = 0, columns = 0;
};

// Self-attention over the cells of a map (B, H, W, D), with position terms of the unscaled queries for rows and columns
// (Li et al. 2022, MViTv2). With a window, inside windows of window × window cells; windows at the bottom and right
// border also hold cells of zeros, which count as keys. Keys: qkv.*, proj.*, rel_pos_h, rel_pos_w.
class RelativeAttentionImpl : public torch::nn::Module {
  public:
    // window 0 = over the whole map; `map` is what the tables of relative positions are made for then.
    RelativeAttentionImpl(std::int64_t width, std::int64_t heads, std::int64_t window, Cells map);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    torch::Tensor attend(const torch::Tensor& qkv) const;
    torch::Tensor windows(const torch::Tensor& qkv) const;

    std::int64_t heads_, window_;
    Linear qkv_{nullptr}, proj_{nullptr};
    torch::Tensor relPosH_, relPosW_;  // (2·rows − 1, D / heads), (2·columns − 1, D / heads)
};
TORCH_MODULE(RelativeAttention);

}  // namespace fovea::nn::sam
