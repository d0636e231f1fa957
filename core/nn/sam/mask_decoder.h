#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/sam/prompt_encoder.h"
#include "nn/sam/two_way_transformer.h"
#include "nn/steps.h"

namespace fovea::nn::sam {

// Masks of B prompted objects, the best of which is not chosen yet.
struct MaskPrediction {
    torch::Tensor logits;  // (B, masks, 4·grid, 4·grid)
    torch::Tensor iou;     // (B, masks), the network's own guess of each mask's IoU with the object
};

// Of all masks: the first alone, or the others, which are for prompts that may mean more than one object.
MaskPrediction singleMask(const MaskPrediction& all);
MaskPrediction multimasks(const MaskPrediction& all);

// Keys: iou_token, mask_tokens, transformer, output_upscaling.{0,1,3}, output_hypernetworks_mlps.{i},
// iou_prediction_head.
class MaskDecoderImpl : public torch::nn::Module {
  public:
    explicit MaskDecoderImpl(const PromptConfig& config);
    // embedding and positions (1, width, grid, grid), sparse (B, n, width), dense (B, width, grid, grid) → all 1 +
    // multimasks masks. Steps: the transformer's, and upscaled.
    MaskPrediction forward(const torch::Tensor& embedding, const torch::Tensor& positions, const PromptCodes& codes,
                           Steps* steps = nullptr);

  private:
    PromptConfig config_;
    torch::nn::Embedding iouToken_{nullptr}, maskTokens_{nullptr};
    TwoWayTransformer transformer_{nullptr};
    torch::nn::ConvTranspose2d firstDoubling_{nullptr}, secondDoubling_{nullptr};
    LayerNorm2d norm_{nullptr};
    std::vector<Perceptron> hypernetworks_;
    Perceptron iouHead_{nullptr};
};
TORCH_MODULE(MaskDecoder);

}  // namespace fovea::nn::sam
