#include "nn/tiny_sam.h"

#include <torch/torch.h>

#include "nn/sam/sam.h"
#include "nn/weights.h"

namespace fovea::test {

void writeTinySam(const std::filesystem::path& path) {
    nn::sam::VitConfig vit;
    vit.imageSize = 64, vit.patchSize = 8;
    vit.width = 24, vit.depth = 2, vit.heads = 2, vit.window = 3, vit.globalBlocks = {1}, vit.outChannels = 16;
    nn::sam::PromptConfig prompts;
    prompts.imageSize = 64, prompts.patchSize = 8;
    prompts.width = 16, prompts.mlpHidden = 20, prompts.iouHidden = 12;
    torch::manual_seed(3);
    const nn::sam::Sam sam(nn::sam::SamConfig{vit, prompts});
    nn::State state;
    for (const auto& [name, tensor] : nn::stateOf(*sam)) {
        torch::Tensor values = torch::randn(tensor.sizes()) * (tensor.dim() > 1 ? 0.3 : 0.1);
        if (tensor.dim() == 1 && name.ends_with("weight")) values += 1;
        state.emplace_back(name, values);
    }
    nn::saveState(path, state);
}

}  // namespace fovea::test
