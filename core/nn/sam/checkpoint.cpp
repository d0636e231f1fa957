#include "nn/sam/checkpoint.h"

#include <algorithm>

#include "nn/official_state.h"
#include "nn/sam/adapters.h"
#include "nn/torch_errors.h"
#include "tensorfile/torch_file.h"

namespace fovea::nn::sam {

namespace {

const std::string decoderGroup = "decoder_state";

// Without the name that micro-sam's trainer saves the model under, and what torch put around it.
State plainNames(State state) {
    for (auto& item : state) {
        std::string name = withoutWrappers(item.first);
        item.first = name.starts_with("sam.") ? withoutWrappers(name.substr(4)) : name;
    }
    return state;
}

bool hasDecoder(const std::filesystem::path& path) {
    if (!tensorfile::TorchFile::looksLike(path)) return false;
    const tensorfile::TorchFile file(path);
    return std::any_of(file.tensors().begin(), file.tensors().end(),
                       [&](const auto& entry) { return entry.first.starts_with(decoderGroup + "/"); });
}

template <class Network, class Config>
Network loaded(const State& state, const Config& config, const std::string& source) {
    return translated([&] {
        Network network(config);
        loadState(state, *network, source);
        network->eval();
        return network;
    });
}

}  // namespace

SamState readSamState(const std::filesystem::path& path) {
    SamState state{withoutAdapters(plainNames(readState(path)), path.string()), std::nullopt};
    if (hasDecoder(path)) state.decoder = plainNames(readState(path, decoderGroup));
    return state;
}

Sam loadSam(const std::filesystem::path& path) {
    const State state = readSamState(path).model;
    return loaded<Sam>(state, samConfig(state, path.string()), path.string());
}

UnetrDecoder loadUnetr(const std::filesystem::path& path) {
    const State state = plainNames(readState(path, hasDecoder(path) ? decoderGroup : ""));
    return loaded<UnetrDecoder>(state, unetrConfig(state, path.string()), path.string());
}

}  // namespace fovea::nn::sam
