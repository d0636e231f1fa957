#include "nn/sam/configuration.h"

#include <algorithm>

#include "base/error.h"

namespace fovea::nn::sam {

namespace {

const std::string encoderPrefix = "image_encoder.";

struct Published {
    const char* name;
    std::int64_t width, depth, heads;
};
constexpr Published published[] = {{"vit_b", 768, 12, 12}, {"vit_l", 1024, 24, 16}, {"vit_h", 1280, 32, 16}};

// The side of a square number of entries.
std::int64_t sideOf(std::int64_t count) {
    std::int64_t side = 1;
    while (side * side < count) ++side;
    return side;
}

// What a hostile file could make a divisor of.
std::int64_t atLeastOne(std::int64_t extent) { return std::max<std::int64_t>(1, extent); }

}  // namespace

std::string SamConfig::name() const {
    const auto* vit = std::get_if<VitConfig>(&encoder);
    if (vit == nullptr) return "vit_t";
    for (const Published& model : published)
        if (model.width == vit->width) return model.name;
    return "vit";
}

SamConfig samNamed(const std::string& name) {
    if (name == "vit_t") return {TinyVitConfig{}, PromptConfig{}};
    for (const Published& model : published) {
        if (name != model.name) continue;
        VitConfig vit;
        vit.width = model.width, vit.depth = model.depth, vit.heads = model.heads;
        vit.globalBlocks.clear();
        for (std::int64_t i = 1; i <= 4; ++i) vit.globalBlocks.push_back(model.depth * i / 4 - 1);
        return {vit, PromptConfig{}};
    }
    throw Error(ErrorKind::Input,
                Text(FOVEA_TR("There is no model {name} in the SAM family. Choose vit_b, vit_l, vit_h "
                              "or vit_t."),
                     {{"name", name}}));
}

VitConfig vitConfig(const StateShapes& shapes, const std::string& prefix) {
    const std::string blocks = prefix + "blocks.";
    VitConfig config;
    config.width = shapes.size(prefix + "patch_embed.proj.weight", 0);
    config.patchSize = shapes.size(prefix + "patch_embed.proj.weight", 2);
    config.imageSize = shapes.size(prefix + "pos_embed", 1) * config.patchSize;
    config.depth = shapes.count(blocks);
    config.heads = config.width / atLeastOne(shapes.size(blocks + "0.attn.rel_pos_h", 1));
    config.mlpRatio = shapes.size(blocks + "0.mlp.lin1.weight", 0) / atLeastOne(config.width);
    config.outChannels = shapes.size(prefix + "neck.0.weight", 0);
    config.globalBlocks.clear();
    config.window = 0;
    for (std::int64_t i = 0; i < config.depth; ++i) {  // a table has 2 · side − 1 rows
        const std::int64_t side = (shapes.size(blocks + std::to_string(i) + ".attn.rel_pos_h", 0) + 1) / 2;
        if (side * config.patchSize == config.imageSize)
            config.globalBlocks.push_back(i);
        else
            config.window = side;
    }
    return config;
}

TinyVitConfig tinyVitConfig(const StateShapes& shapes, const std::string& prefix) {
    TinyVitConfig config;
    config.widths[0] = shapes.size(prefix + "patch_embed.seq.2.c.weight", 0);
    for (std::size_t s = 0; s < 4; ++s) {
        const std::string blocks = prefix + "layers." + std::to_string(s) + ".blocks.";
        config.depths[s] = shapes.count(blocks);
        if (s == 0) continue;  // convolutions
        config.widths[s] = shapes.size(blocks + "0.attn.qkv.weight", 1);
        config.heads[s] = shapes.size(blocks + "0.attn.attention_biases", 0);
        config.windows[s] = sideOf(shapes.size(blocks + "0.attn.attention_biases", 1));
    }
    config.outChannels = shapes.size(prefix + "neck.0.weight", 0);
    config.classes = shapes.size(prefix + "head.weight", 0);
    return config;
}

PromptConfig promptConfig(const StateShapes& shapes, const std::string& prefix, std::int64_t imageSize,
                          std::int64_t patchSize) {
    const std::string prompts = prefix + "prompt_encoder.", decoder = prefix + "mask_decoder.";
    PromptConfig config;
    config.imageSize = imageSize, config.patchSize = patchSize;
    config.width = shapes.size(prompts + "no_mask_embed.weight", 1);
    config.maskChannels = shapes.size(prompts + "mask_downscaling.3.weight", 0);
    config.depth = shapes.count(decoder + "transformer.layers.");
    config.mlpHidden = shapes.size(decoder + "transformer.layers.0.mlp.lin1.weight", 0);
    config.iouDepth = shapes.count(decoder + "iou_prediction_head.layers.");
    config.iouHidden = shapes.size(decoder + "iou_prediction_head.layers.0.weight", 0);
    config.multimasks = shapes.size(decoder + "mask_tokens.weight", 0) - 1;
    return config;
}

SamConfig samConfig(const State& state, const std::string& source) {
    const StateShapes shapes(state, source, "a model of the SAM family");
    if (shapes.has(encoderPrefix + "patch_embed.proj.weight")) {
        const VitConfig vit = vitConfig(shapes, encoderPrefix);
        return {vit, promptConfig(shapes, "", vit.imageSize, vit.patchSize)};
    }
    const TinyVitConfig tiny = tinyVitConfig(shapes, encoderPrefix);
    return {tiny, promptConfig(shapes, "", tiny.imageSize, tiny.imageSize / tiny.grid())};
}

}  // namespace fovea::nn::sam
