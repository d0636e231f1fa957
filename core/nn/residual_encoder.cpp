#include "nn/residual_encoder.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool3d.h>

#include <algorithm>

namespace fovea::nn {

namespace {

torch::Tensor averagePool(const torch::Tensor& x, const Sizes& window) {
    return window.size() == 2 ? at::avg_pool2d(x, window, window) : at::avg_pool3d(x, window, window);
}

}  // namespace

ResidualBlockImpl::ResidualBlockImpl(std::int64_t in, std::int64_t out, const Sizes& kernel, const Sizes& stride)
    : stride_(stride), strided_(std::any_of(stride.begin(), stride.end(), [](std::int64_t s) { return s != 1; })) {
    const Sizes ones(kernel.size(), 1);
    conv1_ = register_module("conv1", ConvBlock(in, out, kernel, stride));
    conv2_ = register_module("conv2", ConvNorm(out, out, kernel, ones));
    if (in == out) return;
    projection_ = ConvNorm(in, out, ones, ones, false);
    auto skip = register_module("skip", std::make_shared<torch::nn::Module>("skip"));
    skip->register_module(strided_ ? "1" : "0", projection_);
}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& x, torch::Tensor* raw) {
    torch::Tensor shortcut = strided_ ? averagePool(x, stride_) : x;
    if (!projection_.is_empty()) shortcut = projection_(shortcut);
    return leakyRelu(conv2_(conv1_(x, raw)) + shortcut);
}

void ResidualBlockImpl::zeroLastNorm() {
    const c10::AutoGradMode off(false);
    conv2_->norm()->weight.zero_();
    conv2_->norm()->bias.zero_();
}

ResidualEncoder::ResidualEncoder(const Topology& t) {
    const Sizes ones(std::size_t(t.dims), 1);
    stem_ = register_module("stem", ConvStack(1, t.inChannels, t.features[0], t.kernels[0], ones));
    torch::nn::ModuleList stages;
    for (std::size_t i = 0; i < t.stages(); ++i) {
        torch::nn::ModuleList blocks;
        auto& stage = stages_.emplace_back();
        for (std::int64_t b = 0; b < t.encoderConvs[i]; ++b) {
            const std::int64_t in = b > 0 ? t.features[i] : t.features[i == 0 ? 0 : i - 1];
            stage.push_back(ResidualBlock(in, t.features[i], t.kernels[i], b == 0 ? t.strides[i] : ones));
            blocks->push_back(stage.back().ptr());
        }
        auto holder = std::make_shared<torch::nn::Module>("stage");
        holder->register_module("blocks", blocks);
        stages->push_back(holder);
    }
    register_module("stages", stages);
}

std::vector<torch::Tensor> ResidualEncoder::forward(const torch::Tensor& x, std::vector<torch::Tensor>* raw) {
    std::vector<torch::Tensor> outputs;
    torch::Tensor first;
    torch::Tensor y = stem_(x, raw != nullptr ? &first : nullptr);
    for (std::size_t i = 0; i < stages_.size(); ++i) {
        for (std::size_t b = 0; b < stages_[i].size(); ++b)
            y = stages_[i][b](y, raw != nullptr && i > 0 && b == 0 ? &first : nullptr);
        if (raw != nullptr) raw->push_back(first);
        outputs.push_back(y);
    }
    return outputs;
}

void ResidualEncoder::finishInitialisation() {
    for (auto& stage : stages_)
        for (ResidualBlock& block : stage) block->zeroLastNorm();
}

}  // namespace fovea::nn
