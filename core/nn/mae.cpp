#include "nn/mae.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gather.h>

#include <cmath>

#include "base/error.h"

namespace fovea::nn {

namespace {

const char* configKey = "fovea.mae";

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::Input, Text(FOVEA_TR("This masked autoencoder cannot be built: {what}. Change its options."),
                                       {{"what", what}}));
}

// Rows of `tokens` (B, N, D) in the order of `ids` (B, M).
torch::Tensor pick(const torch::Tensor& tokens, const torch::Tensor& ids) {
    return at::gather(tokens, 1, ids.unsqueeze(-1).expand({-1, -1, tokens.size(2)}));
}

std::vector<VitBlock> registerBlocks(torch::nn::Module& parent, const char* name, std::int64_t depth,
                                     std::int64_t width, std::int64_t heads) {
    std::vector<VitBlock> blocks;
    torch::nn::ModuleList list;
    for (std::int64_t i = 0; i < depth; ++i) {
        blocks.push_back(VitBlock(width, heads));
        list->push_back(blocks.back());
    }
    parent.register_module(name, list);
    return blocks;
}

void checkWidth(const char* name, std::int64_t width, std::int64_t depth, std::int64_t heads) {
    if (heads < 1 || width < 4 || width > 8192 || depth < 1 || depth > 128 || width % 4 != 0 || width % heads != 0)
        refuse(std::string(name) + " width " + std::to_string(width) + ", depth " + std::to_string(depth) + ", heads " +
               std::to_string(heads));
}

}  // namespace

MaeConfig MaeConfig::base() {
    MaeConfig c;
    c.width = 768, c.depth = 12, c.heads = 12;
    c.decoderWidth = 512, c.decoderDepth = 8, c.decoderHeads = 16;
    return c;
}

void MaeConfig::check() const {
    if (patchSize < 1 || imageSize < patchSize || imageSize > 4096 || imageSize % patchSize != 0)
        refuse("image size " + std::to_string(imageSize) + " is no multiple of patch size " +
               std::to_string(patchSize));
    checkWidth("encoder", width, depth, heads);
    checkWidth("decoder", decoderWidth, decoderDepth, decoderHeads);
    if (ranges.empty() || ranges.size() > 3)
        refuse("it takes one to three channels, not " + std::to_string(ranges.size()));
    for (const IntensityRange& r : ranges)
        if (!std::isfinite(r.lower) || !std::isfinite(r.upper) || r.upper <= r.lower)
            refuse("an empty intensity range");
}

nlohmann::json toJson(const MaeConfig& c) {
    auto ranges = nlohmann::json::array();
    for (const IntensityRange& r : c.ranges) ranges.push_back({r.lower, r.upper});
    return {{"img_size", c.imageSize},
            {"patch_size", c.patchSize},
            {"embed_dim", c.width},
            {"depth", c.depth},
            {"num_heads", c.heads},
            {"decoder_embed_dim", c.decoderWidth},
            {"decoder_depth", c.decoderDepth},
            {"decoder_num_heads", c.decoderHeads},
            {"ranges", ranges}};
}

MaeConfig maeConfigFromJson(const nlohmann::json& json) {
    MaeConfig c;
    try {
        c.imageSize = json.at("img_size"), c.patchSize = json.at("patch_size");
        c.width = json.at("embed_dim"), c.depth = json.at("depth"), c.heads = json.at("num_heads");
        c.decoderWidth = json.at("decoder_embed_dim"), c.decoderDepth = json.at("decoder_depth");
        c.decoderHeads = json.at("decoder_num_heads");
        if (json.contains("ranges")) {
            c.ranges.clear();
            for (const auto& r : json.at("ranges")) c.ranges.push_back({r.at(0).get<double>(), r.at(1).get<double>()});
        }
    } catch (const nlohmann::json::exception& e) {
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("The description of the masked autoencoder is damaged: {reason}. Train it again."),
                         {{"reason", e.what()}}));
    }
    c.check();
    return c;
}

MaeImpl::MaeImpl(const MaeConfig& config, std::uint64_t seed) : config_(config) {
    config_.check();
    const auto& c = config_;
    clsToken_ = register_parameter("cls_token", torch::zeros({1, 1, c.width}));
    posEmbed_ = register_parameter("pos_embed", sineCosine(c.width, c.grid()), false);
    maskToken_ = register_parameter("mask_token", torch::zeros({1, 1, c.decoderWidth}));
    decoderPosEmbed_ = register_parameter("decoder_pos_embed", sineCosine(c.decoderWidth, c.grid()), false);

    proj_ = torch::nn::Conv2d(torch::nn::Conv2dOptions(3, c.width, c.patchSize).stride(c.patchSize));
    register_module("patch_embed", std::make_shared<torch::nn::Module>())->register_module("proj", proj_);
    blocks_ = registerBlocks(*this, "blocks", c.depth, c.width, c.heads);
    norm_ = register_module("norm", layerNorm(c.width));
    decoderEmbed_ = register_module("decoder_embed", Linear(c.width, c.decoderWidth));
    decoderBlocks_ = registerBlocks(*this, "decoder_blocks", c.decoderDepth, c.decoderWidth, c.decoderHeads);
    decoderNorm_ = register_module("decoder_norm", layerNorm(c.decoderWidth));
    decoderPred_ = register_module("decoder_pred", Linear(c.decoderWidth, c.patchSize * c.patchSize * 3));
    initialise(seed);
}

void MaeImpl::initialise(std::uint64_t seed) {
    const c10::AutoGradMode off(false);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (auto& item : named_parameters()) {
        torch::Tensor& p = item.value();
        if (!p.requires_grad()) continue;  // position codes
        if (p.dim() == 3) {
            p.normal_(0, 0.02, generator);  // class and mask token
        } else if (p.dim() > 1) {           // linear layers, and the patch convolution flattened to one
            const double fans = double(p.size(0) + p.numel() / p.size(0));
            const double bound = std::sqrt(6.0 / fans);
            p.uniform_(-bound, bound, generator);
        } else {
            p.fill_(item.key().ends_with("bias") ? 0 : 1);
        }
    }
}

torch::Tensor MaeImpl::patchify(const torch::Tensor& images) const {
    const auto p = config_.patchSize, b = images.size(0), rows = images.size(2) / p, columns = images.size(3) / p;
    return images.reshape({b, 3, rows, p, columns, p})
        .permute({0, 2, 4, 3, 5, 1})
        .reshape({b, rows * columns, p * p * 3});
}

torch::Tensor MaeImpl::embed(const torch::Tensor& images) {
    const auto p = config_.patchSize;
    if (images.dim() != 4 || images.size(1) != 3 || images.size(2) < p || images.size(3) < p ||
        images.size(2) % p != 0 || images.size(3) % p != 0)
        refuse("an image batch of " + c10::str(images.sizes()) + " for patches of " + std::to_string(p));
    return proj_(images).flatten(2).transpose(1, 2);
}

MaeMasked MaeImpl::encode(const torch::Tensor& images, const torch::Tensor& noise, double ratio) {
    auto x = embed(images) + posEmbed_.narrow(1, 1, posEmbed_.size(1) - 1);
    const auto length = x.size(1), kept = std::int64_t(double(length) * (1 - ratio));
    MaeMasked result;
    result.idsShuffle = at::argsort(noise, /*stable=*/true, 1);
    result.idsRestore = at::argsort(result.idsShuffle, /*stable=*/true, 1);
    result.mask = torch::ones({x.size(0), length}, x.options().dtype(torch::kFloat32));
    result.mask.narrow(1, 0, kept).zero_();
    result.mask = at::gather(result.mask, 1, result.idsRestore);

    x = pick(x, result.idsShuffle.narrow(1, 0, kept));
    x = at::cat({(clsToken_ + posEmbed_.narrow(1, 0, 1)).expand({x.size(0), -1, -1}), x}, 1);
    for (VitBlock& block : blocks_) x = block(x);
    result.latent = norm_(x);
    return result;
}

torch::Tensor MaeImpl::decode(const torch::Tensor& latent, const torch::Tensor& idsRestore) {
    auto x = decoderEmbed_(latent);
    const auto kept = x.size(1) - 1, length = idsRestore.size(1);
    const auto removed = maskToken_.to(x.scalar_type()).expand({x.size(0), length - kept, -1});
    const auto patches = pick(at::cat({x.narrow(1, 1, kept), removed}, 1), idsRestore);
    x = at::cat({x.narrow(1, 0, 1), patches}, 1) + decoderPosEmbed_;
    for (VitBlock& block : decoderBlocks_) x = block(x);
    return decoderPred_(decoderNorm_(x)).narrow(1, 1, length);
}

torch::Tensor MaeImpl::loss(const torch::Tensor& images, const torch::Tensor& prediction, const torch::Tensor& mask,
                            bool normPix) {
    auto target = patchify(images);
    if (normPix) {
        const auto mean = target.mean(-1, true), var = target.var(-1, true, true);
        target = (target - mean) / (var + 1e-6).sqrt();
    }
    const auto perPatch = (prediction - target).square().mean(-1);
    return (perPatch * mask).sum() / mask.sum();
}

torch::Tensor MaeImpl::forward(const torch::Tensor& images, const torch::Tensor& noise, double ratio, bool normPix) {
    const MaeMasked masked = encode(images, noise, ratio);
    return loss(images, decode(masked.latent, masked.idsRestore), masked.mask, normPix);
}

torch::Tensor MaeImpl::tokens(const torch::Tensor& images) {
    auto x = embed(images);
    const auto positions =
        resizePositions(posEmbed_, images.size(2) / config_.patchSize, images.size(3) / config_.patchSize);
    x = x + positions.narrow(1, 1, x.size(1));
    x = at::cat({(clsToken_ + positions.narrow(1, 0, 1)).expand({x.size(0), -1, -1}), x}, 1);
    for (VitBlock& block : blocks_) x = block(x);
    return norm_(x);
}

torch::Tensor MaeImpl::features(const torch::Tensor& images) {
    const auto all = tokens(images);
    return all.narrow(1, 1, all.size(1) - 1).mean(1);
}

torch::Tensor maeInput(const torch::Tensor& grey, const MaeConfig& config, std::int64_t size) {
    const auto channels = std::int64_t(config.ranges.size());
    if (grey.dim() != 4 || grey.size(1) < channels)
        refuse("it was made for " + std::to_string(channels) + " channels, the image has " +
               std::to_string(grey.dim() == 4 ? grey.size(1) : 0));
    std::vector<torch::Tensor> scaled;
    for (std::int64_t c = 0; c < 3; ++c) {
        const auto from = std::min(c, channels - 1);  // one channel is repeated; of two, the second
        const IntensityRange& r = config.ranges[std::size_t(from)];
        scaled.push_back(((grey.narrow(1, from, 1).to(torch::kFloat32) - r.lower) / (r.upper - r.lower)).clamp(0, 1));
    }
    auto x = at::cat(scaled, 1);
    if (size > 0 && (x.size(2) != size || x.size(3) != size))
        x = at::_upsample_bilinear2d_aa(x, {size, size}, false, std::nullopt, std::nullopt);
    const auto mean = torch::tensor({0.485, 0.456, 0.406}, x.options()).view({1, 3, 1, 1});
    const auto deviation = torch::tensor({0.229, 0.224, 0.225}, x.options()).view({1, 3, 1, 1});
    return (x - mean) / deviation;
}

void saveMae(const std::filesystem::path& path, const MaeImpl& mae, std::map<std::string, std::string> about) {
    about[configKey] = toJson(mae.config()).dump();
    saveWeights(path, mae, about);
}

Mae loadMae(const std::filesystem::path& path) {
    const auto found = readAboutJson(path, configKey);
    if (!found)
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path} holds no masked autoencoder of this program. Choose a model file that "
                                  "was made here."),
                         {{"path", path.string()}}));
    Mae mae(maeConfigFromJson(*found));
    loadWeights(path, *mae);
    return mae;
}

}  // namespace fovea::nn
