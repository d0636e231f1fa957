#include "nn/sam/mask_decoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/stack.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/sequential.h>

namespace fovea::nn::sam {

namespace {

// (B, C, H, W) as the transformer's tokens (B, H · W, C), contiguous: what reads them again and again reads rows.
torch::Tensor tokensOf(const torch::Tensor& map) {
    return map.permute({0, 2, 3, 1}).reshape({map.size(0), map.size(2) * map.size(3), map.size(1)}).contiguous();
}

// The transposed convolution of 2 × 2 with stride 2 of pixels (B, P, in): each becomes four, (B, P · 4, out), left
// before right, upper before lower. In this order of pixels nothing has to be moved between the doublings.
torch::Tensor doubled(const torch::nn::ConvTranspose2d& layer, const torch::Tensor& x, bool gelu) {
    const std::int64_t in = layer->weight.size(0), out = layer->weight.size(1);
    const torch::Tensor weight = layer->weight.permute({2, 3, 1, 0}).reshape({4 * out, in});
    const torch::Tensor bias = layer->bias.repeat({4});
    return (gelu ? affineGelu(x, weight, bias) : affine(x, weight, bias)).reshape({x.size(0), x.size(1) * 4, out});
}

// Pixels (B, h · w · 4 · 4, C) doubled twice as maps (B, C, 4 · h, 4 · w).
torch::Tensor unfolded(const torch::Tensor& x, std::int64_t h, std::int64_t w) {
    const std::int64_t b = x.size(0), c = x.size(2);
    return x.reshape({b, h, w, 2, 2, 2, 2, c}).permute({0, 7, 1, 3, 5, 2, 4, 6}).reshape({b, c, 4 * h, 4 * w});
}

torch::nn::ConvTranspose2d doubling(std::int64_t in, std::int64_t out) {
    return torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2));
}

}  // namespace

MaskPrediction singleMask(const MaskPrediction& all) { return {all.logits.narrow(1, 0, 1), all.iou.narrow(1, 0, 1)}; }

MaskPrediction multimasks(const MaskPrediction& all) {
    const std::int64_t count = all.iou.size(1) - 1;
    return {all.logits.narrow(1, 1, count), all.iou.narrow(1, 1, count)};
}

MaskDecoderImpl::MaskDecoderImpl(const PromptConfig& config) : config_(config) {
    config_.check();
    const std::int64_t c = config_.width, masks = 1 + config_.multimasks;
    transformer_ =
        register_module("transformer", TwoWayTransformer(config_.depth, c, config_.heads, config_.mlpHidden));
    iouToken_ = register_module("iou_token", torch::nn::Embedding(1, c));
    maskTokens_ = register_module("mask_tokens", torch::nn::Embedding(masks, c));
    firstDoubling_ = doubling(c, c / 4), norm_ = LayerNorm2d(c / 4), secondDoubling_ = doubling(c / 4, c / 8);
    register_module("output_upscaling", torch::nn::Sequential(firstDoubling_, norm_, torch::nn::GELU(), secondDoubling_,
                                                              torch::nn::GELU()));
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < masks; ++i) {
        hypernetworks_.push_back(Perceptron(c, c, c / 8, 3));
        list->push_back(hypernetworks_.back());
    }
    register_module("output_hypernetworks_mlps", list);
    iouHead_ = register_module("iou_prediction_head", Perceptron(c, config_.iouHidden, masks, config_.iouDepth));
}

MaskPrediction MaskDecoderImpl::forward(const torch::Tensor& embedding, const torch::Tensor& positions,
                                        const PromptCodes& codes, Steps* steps) {
    const std::int64_t b = codes.sparse.size(0), c = config_.width, masks = 1 + config_.multimasks;
    const std::int64_t h = embedding.size(2), w = embedding.size(3);
    const torch::Tensor own = at::cat({iouToken_->weight, maskTokens_->weight}, 0);
    const torch::Tensor tokens = at::cat({own.unsqueeze(0).expand({b, 1 + masks, c}), codes.sparse}, 1);
    const TwoWay y =
        transformer_->forward({tokens, tokensOf(embedding + codes.dense)}, {tokens, tokensOf(positions)}, steps);
    const torch::Tensor half =
        at::layer_norm(doubled(firstDoubling_, y.keys, false), {c / 4}, norm_->weight, norm_->bias, 1e-6);
    const torch::Tensor upscaled = doubled(secondDoubling_, at::gelu(half), true);
    if (steps) keep(steps, "upscaled", unfolded(upscaled, h, w));
    std::vector<torch::Tensor> weights;
    for (std::int64_t i = 0; i < masks; ++i)
        weights.push_back(hypernetworks_[std::size_t(i)](y.queries.select(1, 1 + i)));
    const torch::Tensor logits = unfolded(affineEach(upscaled, at::stack(weights, 1)), h, w);
    return {logits, iouHead_(y.queries.select(1, 0))};
}

}  // namespace fovea::nn::sam
