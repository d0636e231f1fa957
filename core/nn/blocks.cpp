#include "nn/blocks.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/conv_transpose3d.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <torch/nn/modules/container/modulelist.h>

#include <cmath>

namespace fovea::nn {

namespace {

Sizes withKernel(std::int64_t first, std::int64_t second, const Sizes& kernel) {
    Sizes shape{first, second};
    shape.insert(shape.end(), kernel.begin(), kernel.end());
    return shape;
}

Sizes halves(const Sizes& kernel) {
    Sizes padding;
    for (std::int64_t k : kernel) padding.push_back((k - 1) / 2);
    return padding;
}

}  // namespace

ConvImpl::ConvImpl(std::int64_t in, std::int64_t out, Sizes kernel, Sizes stride, bool withBias)
    : stride_(std::move(stride)), padding_(halves(kernel)) {
    weight = register_parameter("weight", torch::empty(withKernel(out, in, kernel)));
    if (withBias) bias = register_parameter("bias", torch::zeros({out}));
}

torch::Tensor ConvImpl::forward(const torch::Tensor& x) {
    return stride_.size() == 2 ? at::conv2d(x, weight, bias, stride_, padding_)
                               : at::conv3d(x, weight, bias, stride_, padding_);
}

UpConvImpl::UpConvImpl(std::int64_t in, std::int64_t out, Sizes stride) : stride_(std::move(stride)) {
    weight = register_parameter("weight", torch::empty(withKernel(in, out, stride_)));
    bias = register_parameter("bias", torch::zeros({out}));
}

torch::Tensor UpConvImpl::forward(const torch::Tensor& x) {
    return stride_.size() == 2 ? at::conv_transpose2d(x, weight, bias, stride_)
                               : at::conv_transpose3d(x, weight, bias, stride_);
}

InstanceNormImpl::InstanceNormImpl(std::int64_t channels) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
}

torch::Tensor InstanceNormImpl::forward(const torch::Tensor& x) {
    return at::instance_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5, true);
}

ConvNormImpl::ConvNormImpl(std::int64_t in, std::int64_t out, Sizes kernel, Sizes stride, bool withBias) {
    conv_ = register_module("conv", Conv(in, out, std::move(kernel), std::move(stride), withBias));
    norm_ = register_module("norm", InstanceNorm(out));
}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x, torch::Tensor* raw) {
    const torch::Tensor y = conv_(x);
    if (raw != nullptr) *raw = y;
    return norm_(y);
}

torch::Tensor ConvBlockImpl::forward(const torch::Tensor& x, torch::Tensor* raw) {
    return leakyRelu(ConvNormImpl::forward(x, raw));
}

ConvStackImpl::ConvStackImpl(std::int64_t count, std::int64_t in, std::int64_t out, const Sizes& kernel,
                             const Sizes& stride) {
    torch::nn::ModuleList list;
    for (std::int64_t c = 0; c < count; ++c) {
        blocks_.push_back(ConvBlock(c == 0 ? in : out, out, kernel, c == 0 ? stride : Sizes(kernel.size(), 1)));
        list->push_back(blocks_.back());
    }
    register_module("convs", list);
}

torch::Tensor ConvStackImpl::forward(torch::Tensor x, torch::Tensor* raw) {
    for (std::size_t c = 0; c < blocks_.size(); ++c) x = blocks_[c](x, c == 0 ? raw : nullptr);
    return x;
}

torch::Tensor leakyRelu(const torch::Tensor& x) {
    torch::Tensor y = x;
    return at::leaky_relu_(y, 0.01);
}

void heInitialise(torch::nn::Module& module, std::uint64_t seed) {
    const c10::AutoGradMode off(false);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (auto& item : module.named_parameters()) {
        torch::Tensor& p = item.value();
        if (p.dim() > 1) {
            const double fanIn =
                double(p.numel() / p.size(0));  // torch's rule for both directions: size(1) · kernel volume
            p.normal_(0, std::sqrt(2.0 / (1 + 0.01 * 0.01)) / std::sqrt(fanIn), generator);
        } else {
            p.fill_(item.key().ends_with("bias") ? 0 : 1);
        }
    }
}

}  // namespace fovea::nn
