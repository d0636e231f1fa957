#include "nn/tiny_cellsam.h"

#include <torch/torch.h>

#include <map>

#include "nn/cellsam/checkpoint.h"

namespace fovea::test {

namespace {

nn::cellsam::CellSamConfig tinyConfig() {
    nn::sam::VitConfig vit;
    vit.imageSize = 64, vit.patchSize = 8;
    vit.width = 32, vit.depth = 2, vit.heads = 2, vit.window = 3, vit.globalBlocks = {1}, vit.outChannels = 32;
    nn::sam::PromptConfig prompts;
    prompts.imageSize = 64, prompts.patchSize = 8;
    prompts.width = 32, prompts.mlpHidden = 16, prompts.iouHidden = 16;
    nn::cellsam::TransformerConfig transformer;
    transformer.width = 64, transformer.encoderLayers = 1, transformer.decoderLayers = 2;
    transformer.hidden = 16, transformer.queries = 12;
    return {{vit, prompts}, {vit, transformer}};
}

}  // namespace

void writeTinyCellSam(const std::filesystem::path& path, bool advanced) {
    const auto config = tinyConfig();
    torch::manual_seed(7);
    const nn::cellsam::CellFinder finder(config.finder);
    const nn::sam::Sam segmenter(config.segmenter);
    nn::State state;
    const auto add = [&](const std::string& prefix, const torch::nn::Module& network) {
        for (const auto& [name, tensor] : nn::stateOf(network)) {
            torch::Tensor values = torch::randn(tensor.sizes()) * (tensor.dim() > 1 ? 0.3 : 0.1);
            if (name.ends_with("position.weight")) values = torch::rand(tensor.sizes());
            if (tensor.dim() == 1 && name.ends_with("weight")) values += 1;
            if (name.ends_with("iou_prediction_head.layers.2.weight")) values.zero_();
            if (name.ends_with("iou_prediction_head.layers.2.bias")) values.fill_(1);
            state.emplace_back(prefix + name, values);
        }
    };
    add("cellfinder.decode_head.", *finder);
    add("model.", *segmenter);
    if (advanced) add("model_cp.", *segmenter);
    // The heads are one tensor under several names.
    std::map<std::string, torch::Tensor> shared;
    for (auto& [name, tensor] : state)
        for (const std::string head : {"class_embed.", "bbox_embed."})
            if (const std::size_t at = name.find(head); at != std::string::npos)
                tensor = shared.try_emplace(name.substr(0, at) + name.substr(at + head.size() + 1) + head, tensor)
                             .first->second;
    nn::saveState(path, state);
}

}  // namespace fovea::test
