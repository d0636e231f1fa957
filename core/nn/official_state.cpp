#include "nn/official_state.h"

namespace fovea::nn {

namespace {

// "a.conv.weight" and "a.norm.bias" of a block that holds convolution and norm; empty for other tensors.
std::string sequentialName(const std::string& name) {
    for (const auto& [part, number] :
         {std::pair(".conv.", ".all_modules.0."), std::pair(".norm.", ".all_modules.1.")}) {
        const std::size_t at = name.rfind(part);
        if (at != std::string::npos) return name.substr(0, at) + number + name.substr(at + std::string(part).size());
    }
    return {};
}

}  // namespace

bool isDuplicateKey(const std::string& name) {
    return name.find(".all_modules.") != std::string::npos || name.starts_with("decoder.encoder.");
}

State officialState(const State& own) {
    State encoder, decoder, block;
    for (const auto& [name, tensor] : own) {
        State& part = name.starts_with("encoder.") ? encoder : decoder;
        part.emplace_back(name, tensor);
        const std::string again = sequentialName(name);
        if (again.empty()) continue;
        block.emplace_back(again, tensor);
        if (!name.ends_with(".norm.bias")) continue;  // a block's last
        part.insert(part.end(), block.begin(), block.end());
        block.clear();
    }
    State result = encoder;
    for (const auto& [name, tensor] : encoder) result.emplace_back("decoder." + name, tensor);
    result.insert(result.end(), decoder.begin(), decoder.end());
    return result;
}

State officialState(const torch::nn::Module& unet) { return officialState(stateOf(unet)); }

}  // namespace fovea::nn
