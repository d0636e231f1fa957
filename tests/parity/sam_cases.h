#pragma once
#include "data/volume.h"
#include "nn/sam/frame.h"
#include "nn/sam/mask_decoder.h"
#include "nn/sam/sam.h"
#include "parity/golden_case.h"

// What the SAM cases name, as our networks', and our results as the cases store them.
namespace fovea::parity {

nn::sam::VitConfig vitConfig(const GoldenCase& golden);
nn::sam::PromptConfig promptConfig(const GoldenCase& golden);
// The prompts that a case has, undefined where it has none.
nn::sam::Prompts promptsOf(const GoldenCase& golden);

// An 8-bit image H, W, C as planes C, H, W, and back; `input` names it.
Volume<std::uint8_t> planesOf(const GoldenCase& golden, const char* input);
template <class T>
tensorfile::Tensor interleaved(const Volume<T>& planes) {
    const Index n = planes.shape();
    std::vector<T> values;
    for (std::int64_t y = 0; y < n.y; ++y)
        for (std::int64_t x = 0; x < n.x; ++x)
            for (std::int64_t c = 0; c < n.z; ++c) values.push_back(planes(c, y, x));
    return tensorfile::Tensor::from({n.y, n.x, n.z}, values);
}

// TinyViT's attention without what its positions add.
void zeroAttentionBiases(torch::nn::Module& network);

// Every kept step as an output of its own name.
Values valuesOf(const nn::Steps& steps);

// Masks (B, M, H, W) of logits at the image's size: "logits", "masks", "stability", "boxes" below `prefix`.
void addMasks(Values& values, const at::Tensor& logits, const std::string& prefix = "");
// One of those masks.
Volume<std::uint8_t> maskOf(const at::Tensor& logits, std::int64_t item, std::int64_t mask);

}  // namespace fovea::parity
