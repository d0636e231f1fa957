#include "nn/sam/two_way_transformer.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cmath>

#include "nn/vit.h"

namespace fovea::nn::sam {

namespace {

constexpr double normEps = 1e-5;

}  // namespace

CrossAttentionImpl::CrossAttentionImpl(std::int64_t width, std::int64_t inner, std::int64_t heads) : heads_(heads) {
    q_ = register_module("q_proj", Linear(width, inner));
    k_ = register_module("k_proj", Linear(width, inner));
    v_ = register_module("v_proj", Linear(width, inner));
    out_ = register_module("out_proj", Linear(inner, width));
}

torch::Tensor CrossAttentionImpl::split(const torch::Tensor& x) const {
    return x.reshape({x.size(0), x.size(1), heads_, x.size(2) / heads_}).transpose(1, 2);
}

torch::Tensor CrossAttentionImpl::joined(const torch::Tensor& x) { return out_(x.transpose(1, 2).flatten(2)); }

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
    const std::int64_t inner = q_->weight.size(0), n = q.size(1), m = k.size(1);
    if (n < m && n * heads_ <= inner) return fewToMany(q, k, v);
    return joined(at::scaled_dot_product_attention(split(q_(q)), split(k_(k)), split(v_(v))));
}

torch::Tensor CrossAttentionImpl::addedTo(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& k,
                                          const torch::Tensor& v) {
    const bool few = k.size(1) < q.size(1) && k.size(1) * heads_ <= q_->weight.size(0);
    return few ? manyToFew(x, q, k, v) : x + forward(q, k, v);
}

torch::Tensor CrossAttentionImpl::fewToMany(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
    const std::int64_t inner = q_->weight.size(0), width = k_->weight.size(1), d = inner / heads_;
    const torch::Tensor queries = split(q_(q)) / std::sqrt(double(d));
    // The bias of the keys adds the same to all scores of a query, which the softmax takes away again.
    const torch::Tensor folded = at::matmul(queries, k_->weight.reshape({heads_, d, width})).flatten(1, 2);
    const torch::Tensor scores = at::softmax(at::bmm(folded, k.transpose(1, 2)), -1);
    const torch::Tensor mixed = at::bmm(scores, v).reshape({q.size(0), heads_, q.size(1), width});
    const torch::Tensor values = at::matmul(mixed, v_->weight.reshape({heads_, d, width}).transpose(1, 2));
    return joined(values + v_->bias.reshape({heads_, 1, d}));
}

torch::Tensor CrossAttentionImpl::manyToFew(const torch::Tensor& x, const torch::Tensor& q, const torch::Tensor& k,
                                            const torch::Tensor& v) {
    const std::int64_t inner = q_->weight.size(0), width = q_->weight.size(1), d = inner / heads_, few = k.size(1);
    const torch::Tensor keys = split(k_(k)) / std::sqrt(double(d));
    const torch::Tensor folded = at::matmul(keys, q_->weight.reshape({heads_, d, width})).flatten(1, 2);
    const torch::Tensor offsets = at::matmul(keys, q_->bias.reshape({heads_, d, 1}));
    const torch::Tensor products = at::bmm(folded, q.transpose(1, 2));  // (B, heads · few, many)
    const torch::Tensor scores =
        at::softmax(products.reshape({q.size(0), heads_, few, q.size(1)}) + offsets, 2).flatten(1, 2);
    // The scores of a head sum to 1, so that each of its values can carry its share of the bias.
    const torch::Tensor values =
        at::matmul(split(v_(v)), out_->weight.reshape({width, heads_, d}).permute({1, 2, 0})).flatten(1, 2) +
        out_->bias / double(heads_);
    // Autocast would round the sum, too.
    if (q.scalar_type() != x.scalar_type()) return x + at::bmm(scores.transpose(1, 2), values);
    return at::baddbmm(x, scores.transpose(1, 2), values);
}

TwoWayBlockImpl::TwoWayBlockImpl(std::int64_t width, std::int64_t heads, std::int64_t hidden, bool first)
    : first_(first) {
    selfAttn_ = register_module("self_attn", CrossAttention(width, width, heads));
    norm1_ = register_module("norm1", layerNorm(width, normEps));
    tokenToImage_ = register_module("cross_attn_token_to_image", CrossAttention(width, width / 2, heads));
    norm2_ = register_module("norm2", layerNorm(width, normEps));
    mlp_ = register_module("mlp", FeedForward(width, hidden, Activation::Relu));
    norm3_ = register_module("norm3", layerNorm(width, normEps));
    norm4_ = register_module("norm4", layerNorm(width, normEps));
    imageToToken_ = register_module("cross_attn_image_to_token", CrossAttention(width, width / 2, heads));
}

TwoWay TwoWayBlockImpl::forward(const TwoWay& x, const TwoWay& positions) {
    torch::Tensor queries = x.queries;
    if (first_) {
        queries = norm1_(selfAttn_(queries, queries, queries));
    } else {
        const torch::Tensor placed = queries + positions.queries;
        queries = norm1_(queries + selfAttn_(placed, placed, queries));
    }
    const torch::Tensor keys = forProducts(x.keys), placedKeys = forProducts(x.keys + positions.keys);
    queries = norm2_(queries + tokenToImage_(queries + positions.queries, placedKeys, keys));
    queries = norm3_(queries + mlp_(queries));
    return {queries, norm4_(imageToToken_->addedTo(x.keys, placedKeys, queries + positions.queries, queries))};
}

TwoWayTransformerImpl::TwoWayTransformerImpl(std::int64_t depth, std::int64_t width, std::int64_t heads,
                                             std::int64_t hidden) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < depth; ++i) {
        layers_.push_back(TwoWayBlock(width, heads, hidden, i == 0));
        list->push_back(layers_.back());
    }
    register_module("layers", list);
    finalAttn_ = register_module("final_attn_token_to_image", CrossAttention(width, width / 2, heads));
    normFinal_ = register_module("norm_final_attn", layerNorm(width, normEps));
}

TwoWay TwoWayTransformerImpl::forward(TwoWay x, const TwoWay& positions, Steps* steps) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
        x = layers_[i]->forward(x, positions);
        keep(steps, "layer" + std::to_string(i) + "_queries", x.queries);
        keep(steps, "layer" + std::to_string(i) + "_keys", x.keys);
    }
    const torch::Tensor attention =
        finalAttn_(x.queries + positions.queries, forProducts(x.keys + positions.keys), forProducts(x.keys));
    x.queries = normFinal_(x.queries + attention);
    keep(steps, "hs", x.queries);
    keep(steps, "src", x.keys);
    return x;
}

}  // namespace fovea::nn::sam
