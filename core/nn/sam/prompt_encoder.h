#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include <vector>

namespace fovea::nn::sam {

// Sizes that prompt encoder and mask decoder share. The default is that of all published models.
struct PromptConfig {
    std::int64_t width = 256;
    std::int64_t imageSize = 1024, patchSize = 16;  // the frame of points and boxes, and its cells
    std::int64_t maskChannels = 16;
    std::int64_t depth = 2, heads = 8, mlpHidden = 2048;  // of the two-way transformer
    std::int64_t iouDepth = 3, iouHidden = 256;
    std::int64_t multimasks = 3;  // masks beside the single one

    std::int64_t grid() const { return imageSize / patchSize; }
    void check() const;  // throws Error(Input)
};

// Prompts of B objects in one image, in pixels of the encoder's frame. Undefined tensors mean none of that kind.
struct Prompts {
    torch::Tensor points;  // (B, n, 2) as x, y
    torch::Tensor labels;  // (B, n) whole numbers: 1 = of the object, 0 = background, −1 = padding
    torch::Tensor boxes;   // (B, 4) as x0, y0, x1, y1
    torch::Tensor masks;   // (B, 1, 4·grid, 4·grid) logits of an earlier mask
};

struct PromptCodes {
    torch::Tensor sparse;  // (B, tokens, width); no tokens without points and boxes
    torch::Tensor dense;   // (B, width, grid, grid)
};

// Keys: pe_layer.positional_encoding_gaussian_matrix, point_embeddings.{0..3}.weight, not_a_point_embed.weight,
// mask_downscaling.{0,1,3,4,6}.*, no_mask_embed.weight.
class PromptEncoderImpl : public torch::nn::Module {
  public:
    explicit PromptEncoderImpl(const PromptConfig& config);
    // Throws Error(Input) when the prompts' shapes don't belong together.
    PromptCodes forward(const Prompts& prompts);
    // Code of the centres of the embedding's cells, (1, width, grid, grid).
    torch::Tensor densePositions() const;

  private:
    torch::Tensor positions(const torch::Tensor& unit) const;
    torch::Tensor inFrame(const torch::Tensor& pixels) const;
    torch::Tensor codeOfPoints(const Prompts& prompts) const;

    PromptConfig config_;
    torch::Tensor gaussian_;                             // (2, width / 2)
    std::vector<torch::nn::Embedding> pointEmbeddings_;  // background, object, two corners of a box
    torch::nn::Embedding notAPoint_{nullptr}, noMask_{nullptr};
    torch::nn::Sequential maskDownscaling_{nullptr};
};
TORCH_MODULE(PromptEncoder);

}  // namespace fovea::nn::sam
