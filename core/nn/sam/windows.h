#pragma once
#include <ATen/core/Tensor.h>

namespace fovea::nn::sam {

// A map (B, H, W, C) as windows of side × side cells, row by row: (B · windows, side, side, C). Cells beyond its bottom
// and right border hold `fill` (C).
at::Tensor cutWindows(const at::Tensor& map, const at::Tensor& fill, std::int64_t side);
// Back to (batch, height, width, C), without the cells beyond the border.
at::Tensor joinWindows(const at::Tensor& windows, std::int64_t batch, std::int64_t height, std::int64_t width);

}  // namespace fovea::nn::sam
