#include "nn/sam/layers.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/relu.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

#include "base/error.h"

namespace fovea::nn::sam {

LayerNorm2dImpl::LayerNorm2dImpl(std::int64_t channels) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
}

torch::Tensor LayerNorm2dImpl::forward(const torch::Tensor& x) {
    return at::layer_norm(x.permute({0, 2, 3, 1}), {x.size(1)}, weight, bias, 1e-6).permute({0, 3, 1, 2});
}

torch::nn::Sequential neck(std::int64_t in, std::int64_t out) {
    return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1).bias(false)), LayerNorm2d(out),
                                 torch::nn::Conv2d(torch::nn::Conv2dOptions(out, out, 3).padding(1).bias(false)),
                                 LayerNorm2d(out));
}

void checkImage(const torch::Tensor& image, std::int64_t side) {
    if (image.dim() == 4 && image.size(1) == 3 && image.size(2) == side && image.size(3) == side) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("This image encoder takes images of {side} × {side} pixels and three channels. Fit the "
                              "image into its frame first."),
                     {{"side", std::to_string(side)}}));
}

FeedForwardImpl::FeedForwardImpl(std::int64_t width, std::int64_t hidden, Activation activation)
    : activation_(activation) {
    lin1_ = register_module("lin1", Linear(width, hidden));
    lin2_ = register_module("lin2", Linear(hidden, width));
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) {
    return lin2_(activation_ == Activation::Gelu ? lin1_->gelu(x) : at::relu(lin1_(x)));
}

PerceptronImpl::PerceptronImpl(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t depth) {
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < depth; ++i) {
        layers_.push_back(Linear(i == 0 ? in : hidden, i + 1 == depth ? out : hidden));
        list->push_back(layers_.back());
    }
    register_module("layers", list);
}

torch::Tensor PerceptronImpl::forward(torch::Tensor x) {
    for (std::size_t i = 0; i < layers_.size(); ++i) x = i == 0 ? layers_[i](x) : layers_[i](at::relu(x));
    return x;
}

}  // namespace fovea::nn::sam
