#include <torch/torch.h>

#include "nn/sam/mask_decoder.h"
#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"

// The parts of Segment Anything, one by one.
namespace fovea::parity {

namespace {

Values samEncoder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::VitEncoder encoder(vitConfig(golden));
    hashWeights(golden, *encoder);
    nn::Steps steps;
    encoder->forward(modelInput(golden, "image"), &steps);
    return valuesOf(steps);
}

Values samBlock(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    const auto option = [&](const char* key) { return wholeNumber(golden.option(key)); };
    nn::sam::Block block(option("dim"), option("num_heads"), 4, option("window_size"),
                         nn::sam::Cells{option("height"), option("width")});
    hashWeights(golden, *block);
    return {{"out", fromTorch(block(modelInput(golden, "x")))}};
}

Values samRelPos(const GoldenCase& golden) {
    const at::Tensor table = modelInput(golden, "table");
    Values values;
    for (const json& pair : golden.option("pairs")) {
        const std::int64_t queries = wholeNumber(pair.at(0)), keys = wholeNumber(pair.at(1));
        values["q" + std::to_string(queries) + "_k" + std::to_string(keys)] =
            fromTorch(nn::sam::relativePositions(table, queries, keys));
    }
    return values;
}

Values samPromptEncoder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::PromptEncoder encoder(promptConfig(golden));
    hashWeights(golden, *encoder);
    const nn::sam::PromptCodes codes = encoder->forward(promptsOf(golden));
    return {{"sparse", fromTorch(codes.sparse)},
            {"dense", fromTorch(codes.dense)},
            {"dense_pe", fromTorch(encoder->densePositions())}};
}

Values samMaskDecoder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::sam::MaskDecoder decoder(promptConfig(golden));
    hashWeights(golden, *decoder);
    nn::Steps steps;
    const nn::sam::MaskPrediction all =
        decoder->forward(modelInput(golden, "image_embeddings"), modelInput(golden, "image_pe"),
                         {modelInput(golden, "sparse"), modelInput(golden, "dense")}, &steps);
    Values values = valuesOf(steps);
    values["masks"] = fromTorch(all.logits);
    values["iou"] = fromTorch(all.iou);
    values["iou_multimask"] = fromTorch(nn::sam::multimasks(all).iou);
    values["iou_single"] = fromTorch(nn::sam::singleMask(all).iou);
    return values;
}

}  // namespace

std::vector<Kind> samKinds() {
    return {{"sam.encoder", samEncoder},
            {"sam.block", samBlock},
            {"sam.rel_pos", samRelPos},
            {"sam.prompt_encoder", samPromptEncoder},
            {"sam.mask_decoder", samMaskDecoder}};
}

}  // namespace fovea::parity
