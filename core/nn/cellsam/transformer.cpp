#include "nn/cellsam/transformer.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/stack.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "nn/vit.h"

namespace fovea::nn::cellsam {

namespace {

constexpr double eps = 1e-5;  // of the norms

// Positions (…) in 0…1 → (…, width): sine and cosine in turn.
torch::Tensor sineCode(const torch::Tensor& positions, std::int64_t width) {
    const auto pairs = at::arange(width / 2, positions.options().dtype(torch::kFloat64));
    const auto rates = (pairs * (-2 * std::log(10000.0) / double(width))).exp() * (2 * std::numbers::pi);
    const auto angles = positions.unsqueeze(-1) * rates.to(positions.scalar_type());
    return at::stack({angles.sin(), angles.cos()}, -1).flatten(-2);
}

// Centres of `count` cells in 0…1.
torch::Tensor centres(std::int64_t count, const torch::TensorOptions& options) {
    return (at::arange(count, options) + 0.5) / double(count);
}

torch::Tensor logOdds(const torch::Tensor& p) {
    const auto inside = p.clamp(0, 1);
    return (inside.clamp_min(1e-5) / (1 - inside).clamp_min(1e-5)).log();
}

// Registers Linear, ReLU, Linear as a sequence whose names are 0 and 2.
void registerAdapter(torch::nn::Module& parent, const char* name, Linear& in, Linear& out, std::int64_t width) {
    const auto sequence = parent.register_module(name, std::make_shared<torch::nn::Module>());
    in = sequence->register_module("0", Linear(width, width));
    out = sequence->register_module("2", Linear(width, width));
}

template <class Layer>
std::vector<Layer> registerLayers(torch::nn::Module& parent, const char* name, std::int64_t count,
                                  const TransformerConfig& config) {
    std::vector<Layer> layers;
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < count; ++i) {
        layers.push_back(Layer(config));
        list->push_back(layers.back());
    }
    parent.register_module(name, list);
    return layers;
}

// One module under as many names as there are decoder layers.
template <class Head>
void registerShared(torch::nn::Module& parent, const char* name, const Head& head, std::int64_t count) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < count; ++i) list->push_back(head);
    parent.register_module(name, list);
}

}  // namespace

void TransformerConfig::check() const {
    const bool layersFit = encoderLayers >= 0 && encoderLayers <= 64 && decoderLayers >= 1 && decoderLayers <= 64;
    const bool sizesFit = width >= 4 && width <= 4096 && width % 4 == 0 && heads >= 1 && width % heads == 0 &&
                          hidden >= 1 && hidden <= 65536;
    const bool headsFit =
        queries >= 1 && queries <= 100000 && patterns >= 1 && patterns <= 64 && classes >= 1 && classes <= 1024;
    if (layersFit && sizesFit && headsFit) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("This detector cannot be built: width {width}, {heads} heads, {encoder} and {decoder} "
                              "layers, {queries} queries. Choose another checkpoint."),
                     {{"width", std::to_string(width)},
                      {"heads", std::to_string(heads)},
                      {"encoder", std::to_string(encoderLayers)},
                      {"decoder", std::to_string(decoderLayers)},
                      {"queries", std::to_string(queries)}}));
}

FeedForwardImpl::FeedForwardImpl(std::int64_t width, std::int64_t hidden) {
    linear1_ = register_module("linear1", Linear(width, hidden));
    linear2_ = register_module("linear2", Linear(hidden, width));
    norm2_ = register_module("norm2", layerNorm(width, eps));
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) { return norm2_(x + linear2_(linear1_(x).relu_())); }

SelfAttentionImpl::SelfAttentionImpl(std::int64_t width, std::int64_t heads) : width_(width), heads_(heads) {
    weight_ = register_parameter("in_proj_weight", torch::zeros({3 * width, width}));
    bias_ = register_parameter("in_proj_bias", torch::zeros({3 * width}));
    out_ = register_module("out_proj", Linear(width, width));
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& value) {
    const auto b = x.size(0), n = x.size(1);
    const auto project = [&](const torch::Tensor& from, std::int64_t part) {
        return at::linear(from, weight_.narrow(0, part * width_, width_), bias_.narrow(0, part * width_, width_))
            .reshape({b, n, heads_, width_ / heads_})
            .transpose(1, 2);
    };
    const auto y = at::scaled_dot_product_attention(project(x, 0), project(x, 1), project(value, 2));
    return out_(y.transpose(1, 2).reshape({b, n, width_}));
}

EncoderLayerImpl::EncoderLayerImpl(const TransformerConfig& config) {
    selfAttn_ = register_module("self_attn", RowColumnAttention(config.width, config.heads));
    norm1_ = register_module("norm1", layerNorm(config.width, eps));
    ffn_ = register_module("ffn", FeedForward(config.width, config.hidden));
}

torch::Tensor EncoderLayerImpl::forward(const torch::Tensor& map, const torch::Tensor& columnCode,
                                        const torch::Tensor& rowCode) {
    const auto columns = map + columnCode, rows = map + rowCode.unsqueeze(1);
    const auto attended = selfAttn_(columns.flatten(1, 2), rows.flatten(1, 2), columns, rows, map);
    return ffn_(norm1_(map + attended.view(map.sizes())));
}

DecoderLayerImpl::DecoderLayerImpl(const TransformerConfig& config) {
    crossAttn_ = register_module("cross_attn", RowColumnAttention(config.width, config.heads));
    selfAttn_ = register_module("self_attn", SelfAttention(config.width, config.heads));
    norm1_ = register_module("norm1", layerNorm(config.width, eps));
    norm2_ = register_module("norm2", layerNorm(config.width, eps));
    ffn_ = register_module("ffn", FeedForward(config.width, config.hidden));
}

torch::Tensor DecoderLayerImpl::forward(const torch::Tensor& target, const QueryCodes& codes, const torch::Tensor& map,
                                        const torch::Tensor& mapColumns, const torch::Tensor& mapRows) {
    auto t = norm2_(target + selfAttn_(target + codes.both, target));
    t = norm1_(t + crossAttn_(t + codes.column, t + codes.row, mapColumns, mapRows, map));
    return ffn_(t);
}

TransformerImpl::TransformerImpl(const TransformerConfig& config) : config_(config) {
    config_.check();
    const auto& c = config_;
    pattern_ = register_module("pattern", torch::nn::Embedding(c.patterns, c.width));
    position_ = register_module("position", torch::nn::Embedding(c.queries, 2));
    registerAdapter(*this, "adapt_pos2d", adapt2dIn_, adapt2dOut_, c.width);
    registerAdapter(*this, "adapt_pos1d", adapt1dIn_, adapt1dOut_, c.width);
    encoder_ = registerLayers<EncoderLayer>(*this, "encoder_layers", c.encoderLayers, c);
    decoder_ = registerLayers<DecoderLayer>(*this, "decoder_layers", c.decoderLayers, c);
    classHead_ = Linear(c.width, c.classes);
    boxHead_ = sam::Perceptron(c.width, c.width, 4, 3);
    registerShared(*this, "class_embed", classHead_, c.decoderLayers);
    registerShared(*this, "bbox_embed", boxHead_, c.decoderLayers);
}

torch::Tensor TransformerImpl::adapted1d(const torch::Tensor& positions) {
    return adapt1dOut_(adapt1dIn_(sineCode(positions, config_.width)).relu_());
}

torch::Tensor TransformerImpl::adapted2d(const torch::Tensor& points) {
    const auto code = [&](std::int64_t axis) { return sineCode(points.select(-1, axis), config_.width / 2); };
    return adapt2dOut_(adapt2dIn_(at::cat({code(1), code(0)}, -1)).relu_());
}

Detections TransformerImpl::forward(const torch::Tensor& map, Steps* steps) {
    const auto b = map.size(0);
    auto src = map.permute({0, 2, 3, 1});  // B, H, W, width
    const auto columnCode = adapted1d(centres(map.size(3), map.options()));
    const auto rowCode = adapted1d(centres(map.size(2), map.options()));
    for (std::size_t i = 0; i < encoder_.size(); ++i) {
        src = encoder_[i](src, columnCode, rowCode);
        keep(steps, "encoder" + std::to_string(i), src.permute({0, 3, 1, 2}));
    }

    const auto points = position_->weight.repeat({config_.patterns, 1}).unsqueeze(0);  // 1, N, 2 as x, y
    const QueryCodes codes{adapted2d(points), adapted1d(points.select(-1, 0)), adapted1d(points.select(-1, 1))};
    auto target = pattern_->weight.repeat_interleave(config_.queries, 0).unsqueeze(0).expand({b, -1, -1});
    const auto mapColumns = src + columnCode, mapRows = src + rowCode.unsqueeze(1);
    for (std::size_t i = 0; i < decoder_.size(); ++i) {
        target = decoder_[i](target, codes, src, mapColumns, mapRows);
        keep(steps, "decoder" + std::to_string(i), target);
    }

    auto boxes = boxHead_(target);
    const auto centre = boxes.narrow(-1, 0, 2) + logOdds(points);
    return {classHead_(target), at::cat({centre, boxes.narrow(-1, 2, 2)}, -1).sigmoid()};
}

RankedBoxes rankBoxes(const Detections& detections, double side) {
    const auto count = detections.logits.size(1), classes = detections.logits.size(2);
    const auto [scores, order] = detections.logits.sigmoid().flatten(1).topk(count, 1);
    const auto queries = order.div(classes, "floor");
    const auto picked = at::gather(detections.boxes, 1, queries.unsqueeze(-1).expand({-1, -1, 4}));
    const auto centre = picked.narrow(-1, 0, 2), half = picked.narrow(-1, 2, 2) / 2;
    return {scores, order - queries * classes, at::cat({centre - half, centre + half}, -1) * side};
}

}  // namespace fovea::nn::cellsam
