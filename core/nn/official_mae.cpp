#include "nn/official_mae.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "nn/official_state.h"
#include "nn/sam/state_shapes.h"

namespace fovea::nn {

namespace {

bool isDecoders(const std::string& name) { return name.starts_with("decoder") || name == "mask_token"; }

}  // namespace

OfficialMae::OfficialMae(const std::filesystem::path& path) : path_(path), state_(readState(path)) {
    for (auto& item : state_) item.first = withoutWrappers(item.first);
    const sam::StateShapes shapes(state_, path.string(), "a masked autoencoder of its authors");
    config_ = MaeConfig::base();
    config_.width = shapes.size("patch_embed.proj.weight", 0);
    config_.patchSize = shapes.size("patch_embed.proj.weight", 2);
    config_.depth = shapes.count("blocks.");
    config_.heads = config_.width / (config_.width == 1280 ? 80 : 64);
    if (shapes.has("pos_embed")) {
        const auto patches = std::max<std::int64_t>(0, shapes.size("pos_embed", 1) - 1);
        config_.imageSize = config_.patchSize * std::llround(std::sqrt(double(patches)));
    }
    if (shapes.has("decoder_embed.weight")) {
        config_.decoderWidth = shapes.size("decoder_embed.weight", 0);
        config_.decoderDepth = shapes.count("decoder_blocks.");
        config_.decoderHeads = config_.decoderWidth / 32;
    }
    try {
        config_.check();
    } catch (Error& error) {
        error.context(Text(FOVEA_TR("reading {path}"), {{"path", path.string()}}));
        throw;
    }
}

void OfficialMae::load(MaeImpl& mae) const {
    State state = state_;
    const bool decoder =
        std::any_of(state.begin(), state.end(), [](const auto& item) { return isDecoders(item.first); });
    const sam::StateShapes given(state_, path_.string(), "a masked autoencoder of its authors");
    for (const auto& item : stateOf(mae)) {
        const bool own = item.first.ends_with("pos_embed") || (!decoder && isDecoders(item.first));
        if (own && !given.has(item.first)) state.push_back(item);
    }
    loadState(state, mae, path_.string());
}

}  // namespace fovea::nn
