#include "infer/sam_model.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "nn/device.h"
#include "nn/guards.h"
#include "nn/sam/frame.h"
#include "nn/torch_errors.h"
#include "segment/mask_prompts.h"

namespace fovea::infer {

namespace {

// Three equal planes of 8 bits.
Volume<std::uint8_t> rgbOf(const Volume<float>& picture) {
    float low = INFINITY, high = -INFINITY;
    for (const float v : picture)
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    const Index n = picture.shape();
    Volume<std::uint8_t> rgb({3, n.y, n.x});
    const double scale = 255 / (double(high) - double(low) + 1e-7);
    for (std::int64_t i = 0; i < picture.size(); ++i) {
        const double v = std::isfinite(picture.data()[i]) ? (double(picture.data()[i]) - double(low)) * scale : 0;
        for (std::int64_t c = 0; c < 3; ++c)
            rgb.data()[c * picture.size() + i] = std::uint8_t(std::clamp(v, 0.0, 255.0));
    }
    return rgb;
}

at::Tensor tensorOf(const SamPrompt& prompt, const nn::sam::Frame& frame, at::Tensor& labels) {
    at::Tensor points = at::empty({1, std::int64_t(prompt.points.size()), 2}, at::kDouble);
    labels = at::empty({1, std::int64_t(prompt.points.size())}, at::kLong);
    for (std::size_t i = 0; i < prompt.points.size(); ++i) {
        const auto& [at, positive] = prompt.points[i];
        points[0][std::int64_t(i)][0] = double(at.x);
        points[0][std::int64_t(i)][1] = double(at.y);
        labels[0][std::int64_t(i)] = positive ? 1 : 0;
    }
    return nn::sam::inFrame(points, frame);
}

nn::sam::Prompts promptsOf(const SamPrompt& prompt, const nn::sam::Frame& frame, const nn::sam::PromptConfig& config,
                           const at::Device& device) {
    nn::sam::Prompts prompts;
    if (!prompt.points.empty()) {
        prompts.points = tensorOf(prompt, frame, prompts.labels).to(device);
        prompts.labels = prompts.labels.to(device);
    }
    if (!prompt.box.empty()) {
        const Box& b = prompt.box;
        at::Tensor corners = at::empty({2, 2}, at::kDouble);
        corners[0][0] = double(b.begin.x), corners[0][1] = double(b.begin.y);
        corners[1][0] = double(b.end.x), corners[1][1] = double(b.end.y);
        prompts.boxes = nn::sam::inFrame(corners, frame).reshape({1, 4}).to(device);
    }
    if (!prompt.mask.empty()) {
        const std::int64_t side = 4 * config.grid();
        Volume<float> logits = segment::logitsOf(prompt.mask, side);
        prompts.masks = at::from_blob(logits.data(), {1, 1, side, side}, at::kFloat).clone().to(device);
    }
    return prompts;
}

}  // namespace

SamModel::SamModel(const std::filesystem::path& weights, const std::string& device, int threads)
    : network_(nn::sam::loadSam(weights)),
      hash_("sha256:" + sha256File(weights)),
      device_(nn::findDevice(device).name),
      compute_(nn::computeOfEncoder(device_, threads)),
      answering_(compute_) {
    if (nn::findDevice(device_).gpu) answering_.dtype = "float32";
    nn::translated([&] {
        const c10::AutoGradMode off(false);
        network_->to(nn::torchDevice(device_));
        network_->packEncoder(compute_);
        positions_ = network_->promptEncoder()->densePositions();
    });
}

EmbeddedImage SamModel::describe() const {
    const nn::sam::PromptConfig& config = network_->config().prompts;
    EmbeddedImage image;
    image.model = hash_;
    image.modelType = network_->config().name();
    image.width = config.width;
    image.grid = config.grid();
    image.side = config.imageSize;
    return image;
}

at::Tensor SamModel::embed(const Volume<float>& picture, Job& job) const {
    return nn::translated([&] {
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(compute_.threads);
        const c10::Device device = nn::torchDevice(device_);
        const nn::AutocastGuard autocast(device, compute_);
        const nn::sam::Frame frame =
            nn::sam::frameOf(picture.shape().y, picture.shape().x, network_->config().imageSize());
        const at::Tensor input = nn::sam::normalised(nn::sam::fitted(rgbOf(picture), frame), frame);
        nn::sam::Sam network = network_;
        const at::Tensor embedding = network->embed(input.to(device), [&] {
            job.yield();
            job.check();
        });
        return embedding.to(at::kFloat);
    });
}

std::vector<SamMask> SamModel::predict(const at::Tensor& embedding, Index size, const SamPrompt& prompt,
                                       bool ambiguous) const {
    return nn::translated([&] {
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(answering_.threads);
        const at::Device device = nn::torchDevice(device_);
        const nn::AutocastGuard autocast(device, answering_);
        const nn::sam::PromptConfig& config = network_->config().prompts;
        const nn::sam::Frame frame = nn::sam::frameOf(size.y, size.x, config.imageSize);
        nn::sam::Sam network = network_;
        const nn::sam::MaskPrediction all =
            network->predict(embedding.to(device, at::kFloat), positions_, promptsOf(prompt, frame, config, device));
        const nn::sam::MaskPrediction chosen =
            ambiguous && config.multimasks > 0 ? nn::sam::multimasks(all) : nn::sam::singleMask(all);
        const nn::sam::ImageMasks cut = nn::sam::cutAtImageSize(chosen.logits, frame);
        const at::Tensor iou = chosen.iou.to(at::kCPU, at::kDouble);
        std::vector<SamMask> masks;
        for (std::int64_t m = 0; m < cut.masks.size(1); ++m) {
            const std::uint8_t* pixels = cut.masks.const_data_ptr<std::uint8_t>() + m * size.y * size.x;
            SamMask mask;
            mask.mask = Volume<std::uint8_t>({1, size.y, size.x}, {pixels, pixels + size.y * size.x});
            const double guess = iou[0][m].item<double>(), stable = cut.stability[0][m].item<double>();
            mask.iou = std::isfinite(guess) ? std::clamp(guess, 0.0, 1.0) : 0;
            mask.stability = std::isfinite(stable) ? stable : 0;
            masks.push_back(std::move(mask));
        }
        std::stable_sort(masks.begin(), masks.end(),
                         [](const SamMask& a, const SamMask& b) { return a.score() > b.score(); });
        return masks;
    });
}

}  // namespace fovea::infer
