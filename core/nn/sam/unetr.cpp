#include "nn/sam/unetr.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>

#include "base/error.h"
#include "nn/sam/state_shapes.h"

namespace fovea::nn::sam {

namespace {

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding((kernel - 1) / 2));
}

// With the statistics of each image and channel; eps is that of all norms here.
torch::Tensor instanceNorm(const torch::Tensor& x, const torch::Tensor& weight = {}, const torch::Tensor& bias = {}) {
    return at::instance_norm(x, weight, bias, {}, {}, true, 0, 1e-5, false);
}

// The middle channels, as the authors crop skips on this axis.
torch::Tensor middle(const torch::Tensor& x, std::int64_t channels) {
    return x.narrow(1, (x.size(1) - channels) / 2, channels);
}

}  // namespace

void UnetrConfig::check() const {
    const auto sound = [](std::int64_t n) { return n >= 1 && n <= 8192; };
    bool good = sound(embedding) && sound(outChannels) && features.size() == 4;
    for (std::size_t i = 0; good && i < features.size(); ++i)
        good = sound(features[i]) && (i == 0 || features[i] <= features[i - 1]);
    if (good) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("There is no instance decoder for embeddings of width {width}. Choose a "
                              "decoder of micro-sam."),
                     {{"width", std::to_string(embedding)}}));
}

DoublingImpl::DoublingImpl(std::int64_t in, std::int64_t out, Upsampling upsampling) {
    if (upsampling == Upsampling::Resample)
        conv_ = register_module("conv", convolution(in, out, 1));
    else
        block_ = register_module("block",
                                 torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2)));
}

torch::Tensor DoublingImpl::forward(const torch::Tensor& x) {
    if (conv_.is_empty()) return block_(x);
    return conv_(at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, false));
}

DeconvImpl::DeconvImpl(std::int64_t in, std::int64_t out, Upsampling upsampling)
    : up_(in, out, upsampling), conv_(convolution(out, out, 3)), norm_(out) {
    const auto single = std::make_shared<torch::nn::Module>();
    single->register_module("block", conv_);
    const auto block = register_module("block", std::make_shared<torch::nn::Module>());
    block->register_module("0", up_);
    block->register_module("1", single);
    block->register_module("2", norm_);
}

torch::Tensor DeconvImpl::forward(const torch::Tensor& x, Statistics statistics) {
    const torch::Tensor y = conv_(up_(x));
    const bool batchNorm = is_training() || statistics == Statistics::Running;
    return at::relu(batchNorm ? norm_(y) : instanceNorm(y, norm_->weight, norm_->bias));
}

NormConvImpl::NormConvImpl(std::int64_t in, std::int64_t out)
    : first_(convolution(in, out, 3)), second_(convolution(out, out, 3)) {
    const auto block = register_module("block", std::make_shared<torch::nn::Module>());
    block->register_module("1", first_);
    block->register_module("4", second_);
}

torch::Tensor NormConvImpl::forward(const torch::Tensor& x) {
    return at::relu(second_(instanceNorm(at::relu(first_(instanceNorm(x))))));
}

UnetrDecoderImpl::UnetrDecoderImpl(const UnetrConfig& config) : config_(config) {
    config_.check();
    const std::vector<std::int64_t>& f = config_.features;
    const Upsampling up = config_.upsampling;
    base_ = register_module("base", NormConv(config_.embedding, f[0]));
    torch::nn::ModuleList samplers, blocks;
    for (std::size_t i = 1; i < f.size(); ++i) {
        samplers_.push_back(Doubling(f[i - 1], f[i], up));
        blocks_.push_back(NormConv(2 * f[i], f[i]));
        samplers->push_back(samplers_.back());
        blocks->push_back(blocks_.back());
    }
    const auto decoder = register_module("decoder", std::make_shared<torch::nn::Module>());
    decoder->register_module("samplers", samplers);
    decoder->register_module("blocks", blocks);
    for (std::size_t i = 0; i < f.size(); ++i)
        deconvs_.push_back(
            register_module("deconv" + std::to_string(i + 1), Deconv(i == 0 ? config_.embedding : f[i - 1], f[i], up)));
    deconvOut_ = register_module("deconv_out", Doubling(f.back(), f.back(), up));
    head_ = register_module("decoder_head", NormConv(2 * f.back(), f.back()));
    outConv_ = register_module("out_conv", convolution(f.back(), config_.outChannels, 1));
}

torch::Tensor UnetrDecoderImpl::forward(const torch::Tensor& embedding, Statistics statistics, Steps* steps) {
    std::vector<torch::Tensor> skips;
    for (std::size_t i = 0; i < deconvs_.size(); ++i) {
        skips.push_back(deconvs_[i]->forward(i == 0 ? embedding : skips.back(), statistics));
        keep(steps, "deconv" + std::to_string(i + 1), skips.back());
    }
    torch::Tensor x = base_(embedding);
    keep(steps, "base", x);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const torch::Tensor up = samplers_[i](x);
        x = blocks_[i](at::cat({up, middle(skips[i], up.size(1))}, 1));
    }
    keep(steps, "decoder", x);
    x = deconvOut_(x);
    keep(steps, "deconv_out", x);
    x = head_(at::cat({x, skips.back()}, 1));
    keep(steps, "decoder_head", x);
    return outConv_(x).sigmoid();
}

UnetrConfig unetrConfig(const State& state, const std::string& source) {
    const StateShapes shapes(state, source, "an instance decoder of micro-sam");
    UnetrConfig config;
    config.embedding = shapes.size("base.block.1.weight", 1);
    config.features = {shapes.size("base.block.4.weight", 0)};
    for (int i = 0; i < 3; ++i)
        config.features.push_back(shapes.size("decoder.blocks." + std::to_string(i) + ".block.4.weight", 0));
    config.upsampling = shapes.has("decoder.samplers.0.block.weight") ? Upsampling::Transpose : Upsampling::Resample;
    config.outChannels = shapes.size("out_conv.weight", 0);
    return config;
}

}  // namespace fovea::nn::sam
