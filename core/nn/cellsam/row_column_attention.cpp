#include "nn/cellsam/row_column_attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace fovea::nn::cellsam {

namespace {

constexpr std::int64_t queriesAtOnce = 512;  // bounds what is kept per row of the map

}  // namespace

RowColumnAttentionImpl::RowColumnAttentionImpl(std::int64_t width, std::int64_t heads) : width_(width), heads_(heads) {
    weight_ = register_parameter("in_proj_weight", torch::zeros({5 * width, width}));
    bias_ = register_parameter("in_proj_bias", torch::zeros({5 * width}));
    out_ = register_module("out_proj", Linear(width, width));
}

torch::Tensor RowColumnAttentionImpl::forward(const torch::Tensor& queryRow, const torch::Tensor& queryColumn,
                                              const torch::Tensor& keyRow, const torch::Tensor& keyColumn,
                                              const torch::Tensor& value) {
    const auto b = value.size(0), h = value.size(1), w = value.size(2), n = queryRow.size(1), d = width_ / heads_;
    const auto project = [&](const torch::Tensor& x, std::int64_t part) {
        return at::linear(x, weight_.narrow(0, part * width_, width_), bias_.narrow(0, part * width_, width_));
    };
    const auto perHead = [&](const torch::Tensor& x) {  // (B, L, width) → (B, heads, L, d)
        return x.reshape({b, x.size(1), heads_, d}).transpose(1, 2);
    };
    const double scale = 1 / std::sqrt(double(d));
    // Means of the keys before projecting them are the means after it.
    const auto rowWeights = [&](const torch::Tensor& query, const torch::Tensor& keys, std::int64_t part) {
        return (perHead(project(query, part)) * scale)
            .matmul(perHead(project(keys, part + 2)).transpose(2, 3))
            .softmax(-1);
    };
    const auto alongRow = rowWeights(queryRow, keyRow.mean(1), 0);                                 // B, heads, N, W
    const auto alongColumn = rowWeights(queryColumn, keyColumn.mean(2), 1);                        // B, heads, N, H
    const auto values = project(value, 4).reshape({b, h, w, heads_, d}).permute({0, 3, 1, 2, 4});  // B, heads, H, W, d

    std::vector<torch::Tensor> parts;
    for (std::int64_t from = 0; from < n; from += queriesAtOnce) {
        const auto some = std::min(queriesAtOnce, n - from);
        auto rows = alongRow.narrow(2, from, some).unsqueeze(2).matmul(values);  // B, heads, H, some, d
        rows = rows * alongColumn.narrow(2, from, some).transpose(2, 3).unsqueeze(-1);
        parts.push_back(rows.sum(2));
    }
    return out_(at::cat(parts, 2).transpose(1, 2).reshape({b, n, width_}));
}

}  // namespace fovea::nn::cellsam
