#include <torch/torch.h>

#include "nn/sam/tiny_vit.h"
#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"

// MobileSAM's image encoder and its parts, with their attention biases and with none.
namespace fovea::parity {

namespace {

std::int64_t whole(const GoldenCase& golden, const char* key) { return wholeNumber(golden.option(key)); }

// Tokens (B, N, C) as a map (B, H, W, C) of the case's sides.
at::Tensor mapOf(const GoldenCase& golden) {
    const at::Tensor x = modelInput(golden, "x");
    return x.reshape({x.size(0), whole(golden, "height"), whole(golden, "width"), x.size(2)});
}

Values tinyVitBlock(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    const std::int64_t window = whole(golden, "window_size");
    nn::sam::TinyBlock block(whole(golden, "dim"), whole(golden, "num_heads"), window);
    hashWeights(golden, *block);
    const at::Tensor x = mapOf(golden);
    Values values{{"out", fromTorch(block(x).flatten(1, 2))},
                  {"attention_bias_idxs", fromTorch(nn::sam::biasIndex(window))}};
    zeroAttentionBiases(*block);
    values["out_zero_bias"] = fromTorch(block(x).flatten(1, 2));
    return values;
}

Values tinyVitMbConv(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::MbConv convolution(whole(golden, "dim"), whole(golden, "expand"));
    hashWeights(golden, *convolution);
    return {{"out", fromTorch(convolution(modelInput(golden, "x")))}};
}

Values tinyVitMerge(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::PatchMerge merge(whole(golden, "dim"), whole(golden, "out_dim"));
    hashWeights(golden, *merge);
    const at::Tensor y = merge(mapOf(golden).permute({0, 3, 1, 2}));
    return {{"out", fromTorch(y.flatten(2).transpose(1, 2))}};
}

Values tinyVitEncoder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::TinyVitConfig config;
    config.imageSize = whole(golden, "img_size");
    config.widths = wholeNumbers(golden.option("embed_dims")), config.depths = wholeNumbers(golden.option("depths"));
    config.heads = wholeNumbers(golden.option("num_heads"));
    config.windows = wholeNumbers(golden.option("window_sizes"));
    config.outChannels = whole(golden, "neck"), config.classes = whole(golden, "num_classes");
    nn::sam::TinyVitEncoder encoder(config);
    hashWeights(golden, *encoder);
    const at::Tensor image = modelInput(golden, "image");
    nn::Steps steps;
    encoder->forward(image, &steps);
    zeroAttentionBiases(*encoder);
    steps["neck_zero_bias"] = encoder->forward(image);
    return valuesOf(steps);
}

}  // namespace

std::vector<Kind> tinyVitKinds() {
    return {{"tinyvit.block", tinyVitBlock},
            {"tinyvit.mbconv", tinyVitMbConv},
            {"tinyvit.merge", tinyVitMerge},
            {"tinyvit.encoder", tinyVitEncoder}};
}

}  // namespace fovea::parity
