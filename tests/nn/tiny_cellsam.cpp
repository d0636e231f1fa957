#include "nn/tiny_cellsam.h"

#include <torch/torch.h>

namespace fovea::test {

nn::cellsam::CellSamConfig tinyCellSamConfig() {
    nn::cellsam::CellSamConfig c;
    c.vit.imageSize = c.prompt.imageSize = 64;
    c.vit.patchSize = c.prompt.patchSize = 8;
    c.vit.width = 32, c.vit.depth = 2, c.vit.heads = 2, c.vit.window = 3, c.vit.globalBlocks = {1};
    c.vit.outChannels = c.prompt.width = 32;
    c.prompt.mlpHidden = 16, c.prompt.iouHidden = 16;
    c.transformer.width = 64, c.transformer.encoderLayers = 1, c.transformer.decoderLayers = 2;
    c.transformer.hidden = 16, c.transformer.queries = 12;
    return c;
}

nn::State tinyCellSam(bool advanced) {
    const auto config = tinyCellSamConfig();
    torch::manual_seed(7);
    const nn::cellsam::CellFinder finder(nn::cellsam::CellFinderConfig{config.vit, config.transformer});
    const nn::sam::Sam segmenter(config.vit, config.prompt);
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
    return state;
}

}  // namespace fovea::test
