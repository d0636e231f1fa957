#include "nn/official_mae.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "nn/official_state.h"

namespace fovea::nn {

namespace {

const torch::Tensor* find(const State& state, const std::string& name) {
    const auto found = std::find_if(state.begin(), state.end(), [&](const auto& item) { return item.first == name; });
    return found == state.end() ? nullptr : &found->second;
}

// Blocks "<prefix>0.…", "<prefix>1.…", …
std::int64_t depthOf(const State& state, const std::string& prefix) {
    std::int64_t depth = 0;
    while (find(state, prefix + std::to_string(depth) + ".norm1.weight") != nullptr) ++depth;
    return depth;
}

bool isDecoders(const std::string& name) { return name.starts_with("decoder") || name == "mask_token"; }

}  // namespace

OfficialMae::OfficialMae(const std::filesystem::path& path) : path_(path), state_(readState(path)) {
    for (auto& item : state_) item.first = withoutWrappers(item.first);
    const torch::Tensor* patches = find(state_, "patch_embed.proj.weight");
    const torch::Tensor* positions = find(state_, "pos_embed");
    if (patches == nullptr || patches->dim() != 4 || patches->size(2) < 1)
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path} is no masked autoencoder: it lacks patch_embed.proj.weight. Choose one of "
                                  "the authors' pretrain files, or a checkpoint of their training."),
                         {{"path", path.string()}}));
    config_ = MaeConfig::base();
    config_.patchSize = patches->size(2);
    config_.width = patches->size(0);
    config_.depth = depthOf(state_, "blocks.");
    config_.heads = config_.width / (config_.width == 1280 ? 80 : 64);
    if (positions != nullptr && positions->dim() == 3)
        config_.imageSize =
            config_.patchSize * std::llround(std::sqrt(double(std::max<std::int64_t>(0, positions->size(1) - 1))));
    if (const torch::Tensor* decoder = find(state_, "decoder_embed.weight");
        decoder != nullptr && decoder->dim() == 2) {
        config_.decoderWidth = decoder->size(0);
        config_.decoderDepth = depthOf(state_, "decoder_blocks.");
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
    for (const auto& item : stateOf(mae)) {
        const bool own = item.first.ends_with("pos_embed") || (!decoder && isDecoders(item.first));
        if (own && find(state_, item.first) == nullptr) state.push_back(item);
    }
    loadState(state, mae, path_.string());
}

}  // namespace fovea::nn
