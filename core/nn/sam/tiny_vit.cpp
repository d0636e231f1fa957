#include "nn/sam/tiny_vit.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>

#include "base/error.h"
#include "nn/sam/layers.h"
#include "nn/sam/windows.h"
#include "nn/vit.h"

namespace fovea::nn::sam {

namespace {

constexpr double normEps = 1e-5;
constexpr std::int64_t expansion = 4;  // of convolutions and feed-forward layers

torch::Tensor channelsFirst(const torch::Tensor& map) { return map.permute({0, 3, 1, 2}); }
torch::Tensor channelsLast(const torch::Tensor& map) { return map.permute({0, 2, 3, 1}); }

}  // namespace

void TinyVitConfig::check() const {
    bool sound = imageSize >= 16 && imageSize <= 4096 && imageSize % 16 == 0 && outChannels >= 1 &&
                 outChannels <= 8192 && classes >= 1 && classes <= 1 << 20;
    for (const auto* list : {&widths, &depths, &heads, &windows})
        sound = sound && list->size() == 4 &&
                std::all_of(list->begin(), list->end(), [](std::int64_t n) { return n >= 1 && n <= 8192; });
    for (std::size_t s = 1; sound && s < 4; ++s)
        sound = widths[s] % heads[s] == 0 && windows[s] <= imageSize && depths[s] <= 128;
    if (sound && widths[0] % 2 == 0) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("There is no TinyViT image encoder of these sizes for images of {size} pixels. Choose a "
                              "checkpoint of MobileSAM."),
                     {{"size", std::to_string(imageSize)}}));
}

ConvBnImpl::ConvBnImpl(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                       std::int64_t groups) {
    c_ = register_module("c", torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                                                    .stride(stride)
                                                    .padding((kernel - 1) / 2)
                                                    .groups(groups)
                                                    .bias(false)));
    bn_ = register_module("bn", torch::nn::BatchNorm2d(out));
}

// With fixed statistics both are one convolution.
torch::Tensor ConvBnImpl::forward(const torch::Tensor& x) {
    if (is_training()) return bn_(c_(x));
    const torch::Tensor scale = bn_->weight * (bn_->running_var + bn_->options.eps()).rsqrt();
    const auto& o = c_->options;
    const std::int64_t stride = o.stride()->at(0), padding = (o.kernel_size()->at(0) - 1) / 2;
    return at::conv2d(x, c_->weight * scale.reshape({-1, 1, 1, 1}), bn_->bias - bn_->running_mean * scale,
                      {stride, stride}, {padding, padding}, {1, 1}, o.groups());
}

ConvChainImpl::ConvChainImpl(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t stride) {
    conv1_ = register_module("conv1", ConvBn(in, hidden, 1));
    conv2_ = register_module("conv2", ConvBn(hidden, hidden, 3, stride, hidden));
    conv3_ = register_module("conv3", ConvBn(hidden, out, 1));
}

torch::Tensor ConvChainImpl::forward(const torch::Tensor& x) { return conv3_(at::gelu(conv2_(at::gelu(conv1_(x))))); }

MbConvImpl::MbConvImpl(std::int64_t width, std::int64_t expansion)
    : ConvChainImpl(width, expansion * width, width, 1) {}

torch::Tensor MbConvImpl::forward(const torch::Tensor& x) { return at::gelu(x + ConvChainImpl::forward(x)); }

PatchMergeImpl::PatchMergeImpl(std::int64_t in, std::int64_t out)
    : ConvChainImpl(in, out, out, out == 320 || out == 448 || out == 576 ? 1 : 2) {}

torch::Tensor biasIndex(std::int64_t window) {
    const std::int64_t cells = window * window;
    torch::Tensor index = torch::empty({cells, cells}, torch::kInt64);
    auto* entry = index.data_ptr<std::int64_t>();
    for (std::int64_t a = 0; a < cells; ++a)
        for (std::int64_t b = 0; b < cells; ++b)
            *entry++ = std::abs(a / window - b / window) * window + std::abs(a % window - b % window);
    return index;
}

BiasedAttentionImpl::BiasedAttentionImpl(std::int64_t width, std::int64_t heads, std::int64_t window)
    : heads_(heads), window_(window), index_(biasIndex(window).flatten()) {
    norm_ = register_module("norm", layerNorm(width, normEps));
    qkv_ = register_module("qkv", Linear(width, 3 * width));
    proj_ = register_module("proj", Linear(width, width));
    biases_ = register_parameter("attention_biases", torch::zeros({heads, window * window}));
}

// The norm turns a cell of zeros into its bias, so what lies beyond the border is one vector all over.
torch::Tensor BiasedAttentionImpl::forward(const torch::Tensor& x) {
    const std::int64_t b = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3), n = window_ * window_;
    const torch::Tensor cut = cutWindows(qkv_(norm_(x)), qkv_(norm_->bias), window_);
    const torch::Tensor parts = cut.reshape({-1, n, heads_, 3, c / heads_}).permute({3, 0, 2, 1, 4});
    const torch::Tensor bias = biases_.index_select(1, index_.to(x.device())).reshape({1, heads_, n, n});
    const torch::Tensor y = at::scaled_dot_product_attention(parts[0], parts[1], parts[2], bias);
    return proj_(joinWindows(y.transpose(1, 2).reshape({-1, window_, window_, c}), b, h, w));
}

NormedMlpImpl::NormedMlpImpl(std::int64_t width, std::int64_t hidden) {
    norm_ = register_module("norm", layerNorm(width, normEps));
    fc1_ = register_module("fc1", Linear(width, hidden));
    fc2_ = register_module("fc2", Linear(hidden, width));
}

torch::Tensor NormedMlpImpl::forward(const torch::Tensor& x) { return fc2_(fc1_->gelu(norm_(x))); }

TinyBlockImpl::TinyBlockImpl(std::int64_t width, std::int64_t heads, std::int64_t window) {
    attn_ = register_module("attn", BiasedAttention(width, heads, window));
    mlp_ = register_module("mlp", NormedMlp(width, expansion * width));
    localConv_ = register_module("local_conv", ConvBn(width, width, 3, 1, width));
}

torch::Tensor TinyBlockImpl::forward(const torch::Tensor& x) {
    const torch::Tensor attended = x + attn_(x);
    const torch::Tensor y = channelsLast(localConv_(channelsFirst(attended)));
    return y + mlp_(y);
}

TinyVitEncoderImpl::TinyVitEncoderImpl(const TinyVitConfig& config) : config_(config) {
    config_.check();
    const std::int64_t first = config_.widths[0], last = config_.widths[3];
    patchEmbed_ = torch::nn::Sequential(ConvBn(3, first / 2, 3, 2), torch::nn::GELU(), ConvBn(first / 2, first, 3, 2));
    register_module("patch_embed", std::make_shared<torch::nn::Module>())->register_module("seq", patchEmbed_);
    torch::nn::ModuleList layers;
    for (std::size_t s = 0; s < config_.widths.size(); ++s) {
        const auto layer = std::make_shared<torch::nn::Module>();
        stages_.push_back(addStage(s, *layer));
        layers->push_back(layer);
    }
    register_module("layers", layers);
    register_module("norm_head", layerNorm(last, normEps));
    register_module("head", Linear(last, config_.classes));
    neck_ = register_module("neck", neck(last, config_.outChannels));
}

TinyVitEncoderImpl::Stage TinyVitEncoderImpl::addStage(std::size_t s, torch::nn::Module& layer) const {
    Stage stage;
    torch::nn::ModuleList blocks;
    for (std::int64_t i = 0; i < config_.depths[s]; ++i) {
        if (s == 0) {
            stage.convolutions.push_back(MbConv(config_.widths[s], expansion));
            blocks->push_back(stage.convolutions.back());
        } else {
            stage.blocks.push_back(TinyBlock(config_.widths[s], config_.heads[s], config_.windows[s]));
            blocks->push_back(stage.blocks.back());
        }
    }
    layer.register_module("blocks", blocks);
    if (s + 1 < config_.widths.size())
        stage.downsample = layer.register_module("downsample", PatchMerge(config_.widths[s], config_.widths[s + 1]));
    return stage;
}

torch::Tensor TinyVitEncoderImpl::forward(const torch::Tensor& image, Steps* steps, const Between& between) {
    checkImage(image, config_.imageSize);
    torch::Tensor x = patchEmbed_->forward(image.contiguous(at::MemoryFormat::ChannelsLast));  // as blocks take maps
    keep(steps, "patch_embed", x);
    for (std::size_t s = 0; s < stages_.size(); ++s) {
        Stage& stage = stages_[s];
        for (MbConv& convolution : stage.convolutions) x = convolution(x);
        x = channelsLast(x);
        for (TinyBlock& block : stage.blocks) {
            if (between) between();
            x = block(x);
        }
        x = channelsFirst(x);
        if (!stage.downsample.is_empty()) x = stage.downsample(x);
        keep(steps, "stage" + std::to_string(s), x.flatten(2).transpose(1, 2));
    }
    x = neck_->forward(x);
    keep(steps, "neck", x);
    return x;
}

}  // namespace fovea::nn::sam
