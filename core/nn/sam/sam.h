#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "nn/compute.h"
#include "nn/sam/configuration.h"
#include "nn/sam/mask_decoder.h"

namespace fovea::nn::sam {

// Segment Anything: an image encoder once per image, then prompt encoder and mask decoder for each prompt. Keys:
// image_encoder, prompt_encoder, mask_decoder.
class SamImpl : public torch::nn::Module {
  public:
    explicit SamImpl(const SamConfig& config);
    // Normalised images (B, 3, S, S) → embeddings (B, width, grid, grid).
    torch::Tensor embed(const torch::Tensor& image, const Between& between = {});
    // From here on embed() only computes, in that precision: see LinearImpl::pack().
    void packEncoder(const Compute& compute);
    // All masks of the prompted objects of one image: embedding (1, width, grid, grid), and the prompt encoder's
    // densePositions().
    MaskPrediction predict(const torch::Tensor& embedding, const torch::Tensor& positions, const Prompts& prompts);

    const SamConfig& config() const { return config_; }
    PromptEncoder promptEncoder() const { return promptEncoder_; }
    MaskDecoder maskDecoder() const { return maskDecoder_; }

  private:
    SamConfig config_;
    VitEncoder vit_{nullptr};  // one of these two is the image encoder
    TinyVitEncoder tinyVit_{nullptr};
    PromptEncoder promptEncoder_{nullptr};
    MaskDecoder maskDecoder_{nullptr};
};
TORCH_MODULE(Sam);

}  // namespace fovea::nn::sam
