#include "nn/sam/prompt_encoder.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>

#include <numbers>

#include "base/error.h"
#include "nn/sam/layers.h"

namespace fovea::nn::sam {

namespace {

[[noreturn]] void refuse(const char* what) {
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("These prompts cannot be used: {what}. Give each object the same number of points, with "
                              "a label each, and one box or none."),
                     {{"what", what}}));
}

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t size) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, size).stride(size));
}

// The number of objects.
std::int64_t checked(const Prompts& p, std::int64_t maskSide) {
    std::int64_t count = -1;
    const auto same = [&](const torch::Tensor& part) {
        if (count >= 0 && part.size(0) != count) refuse("points, boxes and masks are for different numbers of objects");
        count = part.size(0);
    };
    if (p.points.defined()) {
        if (p.points.dim() != 3 || p.points.size(2) != 2) refuse("a point is not two numbers");
        if (!p.labels.defined() || p.labels.sizes() != p.points.sizes().slice(0, 2))
            refuse("not every point has a label");
        same(p.points);
    }
    if (p.boxes.defined()) {
        if (p.boxes.dim() != 2 || p.boxes.size(1) != 4) refuse("a box is not four numbers");
        same(p.boxes);
    }
    if (p.masks.defined()) {
        if (p.masks.dim() != 4 || p.masks.size(1) != 1 || p.masks.size(2) != maskSide || p.masks.size(3) != maskSide)
            refuse("the mask has another size than the masks of this network");
        same(p.masks);
    }
    return count < 0 ? 1 : count;
}

}  // namespace

void PromptConfig::check() const {
    const bool sizes = patchSize >= 1 && imageSize >= patchSize && imageSize <= 4096 && imageSize % patchSize == 0;
    const bool widths = heads >= 1 && width >= 8 && width <= 8192 && width % (2 * heads) == 0 && width % 8 == 0 &&
                        maskChannels >= 4 && maskChannels <= 1024 && maskChannels % 4 == 0;
    const bool depths = depth >= 1 && depth <= 32 && mlpHidden >= 1 && mlpHidden <= 65536 && iouDepth >= 1 &&
                        iouDepth <= 32 && iouHidden >= 1 && iouHidden <= 65536 && multimasks >= 1 && multimasks <= 64;
    if (sizes && widths && depths) return;
    throw Error(
        ErrorKind::Input,
        Text(
            FOVEA_TR("There is no mask decoder of width {width} with {heads} heads for images of {size} "
                     "pixels. Choose a checkpoint of the SAM family."),
            {{"width", std::to_string(width)}, {"heads", std::to_string(heads)}, {"size", std::to_string(imageSize)}}));
}

PromptEncoderImpl::PromptEncoderImpl(const PromptConfig& config) : config_(config) {
    config_.check();
    const std::int64_t c = config_.width, m = config_.maskChannels;
    gaussian_ = torch::zeros({2, c / 2});
    register_module("pe_layer", std::make_shared<torch::nn::Module>())
        ->register_buffer("positional_encoding_gaussian_matrix", gaussian_);
    torch::nn::ModuleList points;
    for (int i = 0; i < 4; ++i) {
        pointEmbeddings_.push_back(torch::nn::Embedding(1, c));
        points->push_back(pointEmbeddings_.back());
    }
    register_module("point_embeddings", points);
    notAPoint_ = register_module("not_a_point_embed", torch::nn::Embedding(1, c));
    maskDownscaling_ = register_module(
        "mask_downscaling",
        torch::nn::Sequential(convolution(1, m / 4, 2), LayerNorm2d(m / 4), torch::nn::GELU(), convolution(m / 4, m, 2),
                              LayerNorm2d(m), torch::nn::GELU(), convolution(m, c, 1)));
    noMask_ = register_module("no_mask_embed", torch::nn::Embedding(1, c));
}

// Random Fourier features (Tancik et al. 2020) of (…, 2) positions x, y in the unit square: sines, then cosines.
torch::Tensor PromptEncoderImpl::positions(const torch::Tensor& unit) const {
    const torch::Tensor phase = at::matmul(2 * unit - 1, gaussian_) * (2 * std::numbers::pi);
    return at::cat({at::sin(phase), at::cos(phase)}, -1);
}

// A pixel is meant by its centre.
torch::Tensor PromptEncoderImpl::inFrame(const torch::Tensor& pixels) const {
    return positions((pixels.to(gaussian_.options()) + 0.5) / double(config_.imageSize));
}

torch::Tensor PromptEncoderImpl::codeOfPoints(const Prompts& prompts) const {
    torch::Tensor points = prompts.points, labels = prompts.labels.to(gaussian_.device());
    if (!prompts.boxes.defined()) {  // the network was trained with a point that is none in a box's place
        const std::int64_t b = points.size(0);
        points = at::cat({points, at::zeros({b, 1, 2}, points.options())}, 1);
        labels = at::cat({labels, -at::ones({b, 1}, labels.options())}, 1);
    }
    torch::Tensor code = inFrame(points);
    const torch::Tensor label = labels.unsqueeze(-1);
    code = at::where(label == -1, notAPoint_->weight[0], code);
    for (int kind : {0, 1})
        code = at::where(label == kind, code + pointEmbeddings_[std::size_t(kind)]->weight[0], code);
    return code;
}

PromptCodes PromptEncoderImpl::forward(const Prompts& prompts) {
    const std::int64_t side = config_.grid(), width = config_.width, b = checked(prompts, 4 * side);
    std::vector<torch::Tensor> tokens{at::zeros({b, 0, width}, gaussian_.options())};
    if (prompts.points.defined()) tokens.push_back(codeOfPoints(prompts));
    if (prompts.boxes.defined()) {
        const torch::Tensor corners = inFrame(prompts.boxes.reshape({b, 2, 2}));
        tokens.push_back(corners + at::cat({pointEmbeddings_[2]->weight, pointEmbeddings_[3]->weight}, 0));
    }
    const torch::Tensor dense = prompts.masks.defined()
                                    ? maskDownscaling_->forward(prompts.masks.to(gaussian_.options()))
                                    : noMask_->weight.reshape({1, width, 1, 1}).expand({b, width, side, side});
    return {at::cat(tokens, 1), dense};
}

torch::Tensor PromptEncoderImpl::densePositions() const {
    const std::int64_t side = config_.grid();
    const torch::Tensor centres = (at::arange(side, gaussian_.options()) + 0.5) / double(side);
    const torch::Tensor unit = at::stack({centres.unsqueeze(0).expand({side, side}),   // x
                                          centres.unsqueeze(1).expand({side, side})},  // y
                                         -1);
    return positions(unit).permute({2, 0, 1}).unsqueeze(0);
}

}  // namespace fovea::nn::sam
