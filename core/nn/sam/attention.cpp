#include "nn/sam/attention.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/upsample_linear1d.h>

#include <algorithm>

#include "nn/sam/fused_attention.h"
#include "nn/sam/windows.h"

namespace fovea::nn::sam {

torch::Tensor relativePositions(const torch::Tensor& table, std::int64_t queries, std::int64_t keys) {
    const std::int64_t length = 2 * std::max(queries, keys) - 1;
    torch::Tensor rows = table;
    if (rows.size(0) != length) rows = at::upsample_linear1d(rows.t().unsqueeze(0), {length}, false).squeeze(0).t();
    const double queryStep = std::max(double(keys) / double(queries), 1.0);
    const double keyStep = std::max(double(queries) / double(keys), 1.0);
    const auto positions = [&](std::int64_t count, double step) {
        return at::arange(count, rows.options().dtype(at::kDouble)) * step;
    };
    const torch::Tensor distance =
        positions(queries, queryStep).unsqueeze(1) - positions(keys, keyStep).unsqueeze(0) + double(keys - 1) * keyStep;
    return rows.index({distance.to(at::kLong)});
}

RelativeAttentionImpl::RelativeAttentionImpl(std::int64_t width, std::int64_t heads, std::int64_t window, Cells map)
    : heads_(heads), window_(window) {
    qkv_ = register_module("qkv", Linear(width, 3 * width));
    proj_ = register_module("proj", Linear(width, width));
    if (window > 0) map = {window, window};
    relPosH_ = register_parameter("rel_pos_h", torch::zeros({2 * map.rows - 1, width / heads}));
    relPosW_ = register_parameter("rel_pos_w", torch::zeros({2 * map.columns - 1, width / heads}));
}

torch::Tensor RelativeAttentionImpl::forward(const torch::Tensor& x) {
    const torch::Tensor qkv = qkv_(x);
    return proj_(window_ > 0 ? windows(qkv) : attend(qkv));
}

// A cell of zeros has the bias alone as query, key and value.
torch::Tensor RelativeAttentionImpl::windows(const torch::Tensor& qkv) const {
    const torch::Tensor y = attend(cutWindows(qkv, qkv_->bias, window_));
    return joinWindows(y, qkv.size(0), qkv.size(1), qkv.size(2));
}

torch::Tensor RelativeAttentionImpl::attend(const torch::Tensor& qkv) const {
    const std::int64_t b = qkv.size(0), h = qkv.size(1), w = qkv.size(2), d = qkv.size(3) / 3 / heads_;
    const torch::Tensor parts = qkv.reshape({b, h * w, 3, heads_, d}).permute({2, 0, 3, 1, 4});
    const torch::Tensor query = parts[0].reshape({b, heads_, h, w, d});
    const torch::Tensor rowTerm = at::einsum("bnhwd,hkd->bnhwk", {query, relativePositions(relPosH_, h, h)});
    const torch::Tensor columnTerm = at::einsum("bnhwd,wkd->bnhwk", {query, relativePositions(relPosW_, w, w)});
    if (qkv.is_cpu() && qkv.scalar_type() != at::kHalf && !rowTerm.requires_grad())
        return fusedAttention(qkv, rowTerm, columnTerm, heads_);
    const torch::Tensor bias = (rowTerm.unsqueeze(-1) + columnTerm.unsqueeze(-2)).reshape({b, heads_, h * w, h * w});
    const torch::Tensor y = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], bias);
    return y.transpose(1, 2).reshape({b, h, w, heads_ * d});
}

}  // namespace fovea::nn::sam
