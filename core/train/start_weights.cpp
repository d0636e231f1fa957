#include "train/start_weights.h"

#include <torch/torch.h>

#include <map>

namespace fovea::train {

namespace {

bool isHead(const std::string& name) { return name.find(".seg_layers.") != std::string::npos; }

bool isFirstConvolution(const std::string& name) {
    for (const char* first : {"encoder.stages.0.0.convs.0.", "encoder.stem.convs.0."})
        for (const char* twin : {"conv.weight", "all_modules.0.weight"})
            if (name.ends_with(std::string(first) + twin)) return true;
    return false;
}

at::Tensor forChannels(const at::Tensor& weight, std::int64_t channels) {
    auto sizes = weight.sizes().vec();
    const double share = double(sizes[1]) / double(channels);
    sizes[1] = channels;
    return weight.mean(1, true).mul(share).expand(sizes).contiguous();
}

}  // namespace

void loadPretrained(const std::filesystem::path& path, nn::UNetImpl& unet) {
    nn::State state = nn::readState(path);
    const nn::State own = nn::stateOf(unet);
    std::erase_if(state, [](const auto& item) { return isHead(item.first); });
    for (auto& [name, tensor] : state)
        if (isFirstConvolution(name) && tensor.dim() > 2 && tensor.size(1) != unet.topology().inChannels)
            tensor = forChannels(tensor, unet.topology().inChannels);
    for (const auto& [name, tensor] : own)
        if (isHead(name)) state.emplace_back(name, tensor);
    nn::loadState(state, unet, path.string());
}

}  // namespace fovea::train
