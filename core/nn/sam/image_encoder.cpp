#include "nn/sam/image_encoder.h"

#include <torch/nn/modules/container/modulelist.h>

#include <algorithm>

#include "base/error.h"
#include "nn/vit.h"

namespace fovea::nn::sam {

void VitConfig::check() const {
    const bool sizes =
        patchSize >= 1 && patchSize <= 64 && imageSize >= patchSize && imageSize <= 4096 && imageSize % patchSize == 0;
    const bool widths = heads >= 1 && width >= heads && width <= 8192 && width % heads == 0 && mlpRatio >= 1 &&
                        mlpRatio <= 16 && outChannels >= 0 && outChannels <= 8192;
    if (sizes && widths && depth >= 1 && depth <= 128 && window >= 0 && window <= imageSize) return;
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("There is no image encoder for images of {size} pixels, patches of {patch}, {depth} "
                              "blocks of width {width} and {heads} heads. Choose a checkpoint of the SAM family."),
                     {{"size", std::to_string(imageSize)},
                      {"patch", std::to_string(patchSize)},
                      {"depth", std::to_string(depth)},
                      {"width", std::to_string(width)},
                      {"heads", std::to_string(heads)}}));
}

BlockImpl::BlockImpl(std::int64_t width, std::int64_t heads, std::int64_t mlpRatio, std::int64_t window, Cells map) {
    norm1_ = register_module("norm1", layerNorm(width));
    attn_ = register_module("attn", RelativeAttention(width, heads, window, map));
    norm2_ = register_module("norm2", layerNorm(width));
    mlp_ = register_module("mlp", FeedForward(width, mlpRatio * width, Activation::Gelu));
}

torch::Tensor BlockImpl::forward(const torch::Tensor& x) {
    const torch::Tensor y = x + attn_(norm1_(x));
    return y + mlp_(norm2_(y));
}

VitEncoderImpl::VitEncoderImpl(const VitConfig& config) : config_(config) {
    config_.check();
    const VitConfig& c = config_;
    posEmbed_ = register_parameter("pos_embed", torch::zeros({1, c.grid(), c.grid(), c.width}));
    proj_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(3, c.width, c.patchSize).stride(c.patchSize));
    register_module("patch_embed", std::make_shared<torch::nn::Module>())->register_module("proj", proj_);
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < c.depth; ++i) {
        const bool global = std::find(c.globalBlocks.begin(), c.globalBlocks.end(), i) != c.globalBlocks.end();
        blocks_.push_back(Block(c.width, c.heads, c.mlpRatio, global ? 0 : c.window, Cells{c.grid(), c.grid()}));
        list->push_back(blocks_.back());
    }
    register_module("blocks", list);
    if (c.outChannels > 0) neck_ = register_module("neck", neck(c.width, c.outChannels));
}

torch::Tensor VitEncoderImpl::forward(const torch::Tensor& image, Steps* steps, const Between& between) {
    checkImage(image, config_.imageSize);
    torch::Tensor x = proj_(image).permute({0, 2, 3, 1}).contiguous();
    keep(steps, "patch_embed", x);
    x = x + posEmbed_;
    keep(steps, "pos_added", x);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        if (between) between();
        x = blocks_[i](x);
        keep(steps, "block" + std::to_string(i), x);
    }
    x = x.permute({0, 3, 1, 2});
    if (neck_.is_empty()) return x;
    x = neck_->forward(x);
    keep(steps, "neck", x);
    return x;
}

}  // namespace fovea::nn::sam
