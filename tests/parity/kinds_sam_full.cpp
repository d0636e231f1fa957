#include <torch/torch.h>

#include "parity/kinds.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"

// Whole models of the SAM family, from an 8-bit image to masks.
namespace fovea::parity {

namespace {

// An image and prompts in its pixels; outputs of the whole way.
class WholeModel {
  public:
    WholeModel(const GoldenCase& golden, const nn::sam::SamConfig& config)
        : golden_(golden),
          model_(config),
          image_(planesOf(golden, "image")),
          frame_(nn::sam::frameOf(image_.shape().y, image_.shape().x, config.imageSize())) {
        hashWeights(golden, *model_);
    }

    at::Tensor embedding(Values& values) {
        const Volume<std::uint8_t> fitted = nn::sam::fitted(image_, frame_);
        const at::Tensor input = nn::sam::normalised(fitted, frame_, precisionOf(golden_));
        const at::Tensor embedding = model_->embed(input.to(deviceOf(golden_)));
        values["resized"] = interleaved(fitted);
        values["preprocessed"] = fromTorch(input);
        values["embedding"] = fromTorch(embedding);
        values["dense_pe"] = fromTorch(model_->promptEncoder()->densePositions());
        return embedding;
    }

    nn::sam::MaskPrediction predict(const at::Tensor& embedding, Values& values) {
        nn::sam::Prompts prompts = promptsOf(golden_);
        if (prompts.points.defined()) {
            prompts.points = nn::sam::inFrame(prompts.points, frame_);
            values["transformed_points"] = fromTorch(prompts.points);
        }
        if (prompts.boxes.defined()) {
            prompts.boxes = nn::sam::inFrame(prompts.boxes.reshape({-1, 2, 2}), frame_).reshape({-1, 4});
            values["transformed_boxes"] = fromTorch(prompts.boxes);
        }
        values["sparse"] = fromTorch(model_->promptEncoder()->forward(prompts).sparse);
        return model_->predict(embedding, model_->promptEncoder()->densePositions(), prompts);
    }

    const nn::sam::Frame& frame() const { return frame_; }
    nn::sam::Sam model() const { return model_; }

  private:
    const GoldenCase& golden_;
    nn::sam::Sam model_;
    Volume<std::uint8_t> image_;
    nn::sam::Frame frame_;
};

void addPrediction(Values& values, const nn::sam::MaskPrediction& prediction) {
    values["low_res_logits"] = fromTorch(prediction.logits);
    values["iou"] = fromTorch(prediction.iou);
}

Values samFull(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    WholeModel whole(golden, {vitConfig(golden), promptConfig(golden)});
    Values values;
    const at::Tensor embedding = whole.embedding(values);
    if (!golden.config.contains("multimask")) return values;  // the case of the image alone
    const nn::sam::MaskPrediction all = whole.predict(embedding, values);
    const auto chosen = golden.option("multimask").get<bool>() ? nn::sam::multimasks(all) : nn::sam::singleMask(all);
    addPrediction(values, chosen);
    addMasks(values, nn::sam::atImageSize(chosen.logits, whole.frame()));
    return values;
}

Values samFullSize(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    WholeModel whole(golden, nn::sam::samNamed(golden.option("model").get<std::string>()));
    Values values;
    const nn::sam::MaskPrediction all = whole.predict(whole.embedding(values), values);
    addPrediction(values, all);
    const at::Tensor logits = nn::sam::atImageSize(nn::sam::multimasks(all).logits, whole.frame());
    values["logits"] = fromTorch(logits);
    values["masks_area"] = fromTorch((logits > 0).sum({2, 3}).to(torch::kFloat64));
    if (member(golden.entry, "tensors").contains("embedding_zero_bias")) {
        zeroAttentionBiases(*whole.model());
        Values again;
        values["embedding_zero_bias"] = fromTorch(whole.embedding(again));
    }
    return values;
}

}  // namespace

std::vector<Kind> samFullKinds() {
    return {{"sam.full", samFull}, {"sam.full_size", samFullSize}, {"mobile_sam.full_size", samFullSize}};
}

}  // namespace fovea::parity
