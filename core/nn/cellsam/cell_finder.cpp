#include "nn/cellsam/cell_finder.h"

namespace fovea::nn::cellsam {

namespace {

constexpr std::int64_t normGroups = 32;

sam::VitConfig withoutNeck(sam::VitConfig config) {
    config.outChannels = 0;
    return config;
}

}  // namespace

CellFinderImpl::CellFinderImpl(const CellFinderConfig& config) : config_(config) {
    config_.transformer.check();
    const std::int64_t width = config_.transformer.width;
    const auto empty = [] { return std::make_shared<torch::nn::Module>(); };
    body_ =
        register_module("backbone", empty())->register_module("body", sam::VitEncoder(withoutNeck(config_.backbone)));
    const auto level = register_module("input_proj", empty())->register_module("0", empty());
    projection_ =
        level->register_module("0", torch::nn::Conv2d(torch::nn::Conv2dOptions(config_.backbone.width, width, 1)));
    norm_ = level->register_module("1", torch::nn::GroupNorm(torch::nn::GroupNormOptions(normGroups, width)));
    transformer_ = register_module("transformer", Transformer(config_.transformer));
}

Detections CellFinderImpl::forward(const torch::Tensor& picture, Steps* steps) {
    const torch::Tensor map = body_->forward(picture);
    keep(steps, "backbone", map);
    const torch::Tensor projected = norm_(projection_(map));
    keep(steps, "projected", projected);
    return transformer_->forward(projected, steps);
}

}  // namespace fovea::nn::cellsam
