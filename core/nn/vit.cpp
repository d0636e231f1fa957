#include "nn/vit.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <cmath>
#include <vector>

namespace fovea::nn {

torch::nn::LayerNorm layerNorm(std::int64_t width, double eps) {
    return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(eps));
}

AttentionImpl::AttentionImpl(std::int64_t width, std::int64_t heads) : heads_(heads) {
    qkv_ = register_module("qkv", Linear(width, 3 * width));
    proj_ = register_module("proj", Linear(width, width));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x) {
    const auto b = x.size(0), n = x.size(1), d = x.size(2);
    const auto qkv =
        qkv_(x).reshape({b, n, 3, heads_, d / heads_}).permute({2, 0, 3, 1, 4});  // 3, B, heads, N, D / heads
    const auto y = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
    return proj_(y.transpose(1, 2).reshape({b, n, d}));
}

MlpImpl::MlpImpl(std::int64_t width, std::int64_t hidden) {
    fc1_ = register_module("fc1", Linear(width, hidden));
    fc2_ = register_module("fc2", Linear(hidden, width));
}

torch::Tensor MlpImpl::forward(const torch::Tensor& x) { return fc2_(fc1_->gelu(x)); }

VitBlockImpl::VitBlockImpl(std::int64_t width, std::int64_t heads) {
    norm1_ = register_module("norm1", layerNorm(width));
    attn_ = register_module("attn", Attention(width, heads));
    norm2_ = register_module("norm2", layerNorm(width));
    mlp_ = register_module("mlp", Mlp(width, 4 * width));
}

torch::Tensor VitBlockImpl::forward(const torch::Tensor& x) {
    const auto y = x + attn_(norm1_(x));
    return y + mlp_(norm2_(y));
}

torch::Tensor sineCosine(std::int64_t width, std::int64_t grid) {
    const std::int64_t quarter = width / 4;
    std::vector<float> table(std::size_t((1 + grid * grid) * width), 0.0f);
    float* row = table.data() + width;
    for (std::int64_t i = 0; i < grid; ++i)
        for (std::int64_t j = 0; j < grid; ++j, row += width)
            for (std::int64_t k = 0; k < quarter; ++k) {
                const double w = 1.0 / std::pow(10000.0, double(k) / double(quarter));
                row[k] = float(std::sin(double(j) * w));
                row[quarter + k] = float(std::cos(double(j) * w));
                row[2 * quarter + k] = float(std::sin(double(i) * w));
                row[3 * quarter + k] = float(std::cos(double(i) * w));
            }
    return torch::from_blob(table.data(), {1, 1 + grid * grid, width}, torch::kFloat32).clone();
}

torch::Tensor resizePositions(const torch::Tensor& positions, std::int64_t rows, std::int64_t columns) {
    const auto patches = positions.size(1) - 1, width = positions.size(2);
    const auto grid = std::int64_t(std::llround(std::sqrt(double(patches))));
    if (grid == rows && grid == columns) return positions;
    const auto image = positions.narrow(1, 1, patches).reshape({1, grid, grid, width}).permute({0, 3, 1, 2});
    const auto resized = at::upsample_bicubic2d(image, {rows, columns}, false, std::nullopt, std::nullopt);
    return at::cat({positions.narrow(1, 0, 1), resized.permute({0, 2, 3, 1}).reshape({1, rows * columns, width})}, 1);
}

}  // namespace fovea::nn
