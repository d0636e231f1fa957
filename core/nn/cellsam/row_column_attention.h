#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "nn/linear.h"

namespace fovea::nn::cellsam {

// Row-column decoupled attention of Anchor-DETR (Wang et al. 2022): a query attends to the columns of a map by one code
// and to its rows by another, and takes the values where both meet. Keys: in_proj_weight (5 · width, width; query row,
// query column, key row, key column, value), in_proj_bias, out_proj.*
class RowColumnAttentionImpl : public torch::nn::Module {
  public:
    RowColumnAttentionImpl(std::int64_t width, std::int64_t heads);
    // Queries (B, N, width), keys and values (B, H, W, width) → (B, N, width).
    torch::Tensor forward(const torch::Tensor& queryRow, const torch::Tensor& queryColumn, const torch::Tensor& keyRow,
                          const torch::Tensor& keyColumn, const torch::Tensor& value);

  private:
    std::int64_t width_, heads_;
    torch::Tensor weight_, bias_;
    Linear out_{nullptr};
};
TORCH_MODULE(RowColumnAttention);

}  // namespace fovea::nn::cellsam
