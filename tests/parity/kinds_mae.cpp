#include <torch/torch.h>

#include "nn/mae.h"
#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/torch_arrays.h"

// The masked autoencoder: tokens without masking, forward passes with given noise, position codes of other grids.
namespace fovea::parity {

namespace {

nn::Mae hashedMae(const GoldenCase& golden) {
    nn::Mae mae(nn::maeConfigFromJson(golden.config));
    hashWeights(golden, *mae, {"pos_embed", "decoder_pos_embed"});  // ours are compared, whatever a case stores
    return mae;
}

void addFeatures(nn::Mae& mae, const at::Tensor& image, Values& values) {
    const at::Tensor tokens = mae->tokens(image);
    for (const auto& [name, tensor] : nn::stateOf(*mae))
        if (name.ends_with("pos_embed")) values[name] = fromTorch(tensor);
    values["patches"] = fromTorch(mae->embed(image));
    values["tokens"] = fromTorch(tokens);
    values["mean_pool"] = fromTorch(mae->features(image));
    values["cls"] = fromTorch(tokens.select(1, 0));
}

void addForward(nn::Mae& mae, const GoldenCase& golden, const at::Tensor& image, Values& values) {
    const at::Tensor noise = modelInput(golden, "noise");
    const double ratio = realNumber(golden.option("mask_ratio"));
    const nn::MaeMasked masked = mae->encode(image, noise, ratio);
    const at::Tensor prediction = mae->decode(masked.latent, masked.idsRestore);
    values["ids_shuffle"] = fromTorch(masked.idsShuffle);
    values["ids_restore"] = fromTorch(masked.idsRestore);
    values["mask"] = fromTorch(masked.mask.to(torch::kInt64));
    values["latent"] = values["latent_masked"] = fromTorch(masked.latent);
    values["target_patches"] = fromTorch(mae->patchify(image));
    values["pred"] = fromTorch(prediction);
    values["loss_norm_pix"] = fromTorch(mae->loss(image, prediction, masked.mask, true).reshape({1}));
    values["loss_plain"] = fromTorch(mae->forward(image, noise, ratio, false).reshape({1}));
}

Values features(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::Mae mae = hashedMae(golden);
    Values values;
    addFeatures(mae, modelInput(golden, "image"), values);
    return values;
}

Values forward(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::Mae mae = hashedMae(golden);
    Values values;
    addForward(mae, golden, modelInput(golden, "image"), values);
    return values;
}

Values fullSize(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    nn::Mae mae = hashedMae(golden);
    Values values;
    const at::Tensor image = modelInput(golden, "image");
    addFeatures(mae, image, values);
    addForward(mae, golden, image, values);
    return values;
}

Values positions(const GoldenCase& golden) {
    const std::int64_t grid = wholeNumber(golden.option("new_grid"));
    return {{"pos_embed", fromTorch(nn::resizePositions(modelInput(golden, "pos_embed"), grid, grid))}};
}

}  // namespace

std::vector<Kind> maeKinds() {
    return {{"mae.features", features},
            {"mae.forward", forward},
            {"mae.full_size", fullSize},
            {"mae.pos_interp", positions}};
}

}  // namespace fovea::parity
