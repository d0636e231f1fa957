#include "nn/sam/sam.h"

#include "nn/kept_memory.h"
#include "nn/linear.h"

namespace fovea::nn::sam {

SamImpl::SamImpl(const SamConfig& config) : config_(config) {
    if (const auto* vit = std::get_if<VitConfig>(&config_.encoder))
        vit_ = register_module("image_encoder", VitEncoder(*vit));
    else
        tinyVit_ = register_module("image_encoder", TinyVitEncoder(std::get<TinyVitConfig>(config_.encoder)));
    promptEncoder_ = register_module("prompt_encoder", PromptEncoder(config_.prompts));
    maskDecoder_ = register_module("mask_decoder", MaskDecoder(config_.prompts));
}

torch::Tensor SamImpl::embed(const torch::Tensor& image, const Between& between) {
    const KeepMemory keep;
    return vit_.is_empty() ? tinyVit_->forward(image, nullptr, between) : vit_->forward(image, nullptr, between);
}

void SamImpl::packEncoder(const Compute& compute) {
    const at::ScalarType type = compute.dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
    if (vit_.is_empty())
        packLinears(*tinyVit_, type);
    else
        packLinears(*vit_, type);
}

MaskPrediction SamImpl::predict(const torch::Tensor& embedding, const torch::Tensor& positions,
                                const Prompts& prompts) {
    return maskDecoder_->forward(embedding, positions, promptEncoder_->forward(prompts));
}

}  // namespace fovea::nn::sam
