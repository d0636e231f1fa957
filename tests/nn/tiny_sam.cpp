#include "nn/tiny_sam.h"

#include <torch/torch.h>

#include "nn/sam/sam.h"
#include "nn/sam/unetr.h"
#include "nn/weights.h"
#include "tensorfile/torch_writer.h"

namespace fovea::test {

namespace {

nn::State randomState(const torch::nn::Module& network) {
    nn::State state;
    for (const auto& [name, tensor] : nn::stateOf(network)) {
        torch::Tensor values = torch::randn(tensor.sizes()) * (tensor.dim() > 1 ? 0.3 : 0.1);
        if (tensor.dim() == 1 && name.ends_with("weight")) values += 1;
        state.emplace_back(name, tensor.is_floating_point() ? values : torch::zeros_like(tensor));
    }
    return state;
}

nn::State samState() {
    nn::sam::VitConfig vit;
    vit.imageSize = 64, vit.patchSize = 8;
    vit.width = 24, vit.depth = 2, vit.heads = 2, vit.window = 3, vit.globalBlocks = {1}, vit.outChannels = 16;
    nn::sam::PromptConfig prompts;
    prompts.imageSize = 64, prompts.patchSize = 8;
    prompts.width = 16, prompts.mlpHidden = 20, prompts.iouHidden = 12;
    torch::manual_seed(3);
    return randomState(*nn::sam::Sam(nn::sam::SamConfig{vit, prompts}));
}

tensorfile::PickleDict dictionaryOf(const nn::State& state) {
    tensorfile::PickleDict dictionary;
    for (const auto& [name, tensor] : state) dictionary.add(name, nn::arrayOf(tensor));
    return dictionary;
}

}  // namespace

void writeTinySam(const std::filesystem::path& path) { nn::saveState(path, samState()); }

void writeTinyMicroSam(const std::filesystem::path& path) {
    nn::sam::UnetrConfig config;
    config.embedding = 16, config.features = {32, 16, 8, 4};
    const nn::State model = samState(), decoder = randomState(*nn::sam::UnetrDecoder(config));
    tensorfile::PickleDict both;
    both.add("model_state", dictionaryOf(model));
    both.add("decoder_state", dictionaryOf(decoder));
    tensorfile::writeTorch(path, both);
}

}  // namespace fovea::test
