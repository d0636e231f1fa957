#include "infer/cellsam.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "infer/cellsam_input.h"
#include "nn/guards.h"
#include "nn/torch_errors.h"
#include "segment/tidy_labels.h"
#include "segment/two_means.h"

namespace fovea::infer {

using segment::SectionMask;

namespace {

constexpr std::int64_t boxesAtOnce = 32;  // bounds the memory of the mask decoder and of enlarged masks

// The pixels of a mask (H, W) bool on the CPU.
SectionMask maskOf(const at::Tensor& foreground, double score) {
    const std::int64_t height = foreground.size(0), width = foreground.size(1);
    const bool* pixels = foreground.const_data_ptr<bool>();
    SectionMask mask;
    mask.score = score;
    for (std::int64_t y = 0; y < height; ++y) {
        const bool *row = pixels + y * width, *end = row + width, *first = std::find(row, end, true);
        if (first == end) continue;
        const bool* last = end;
        while (!*(last - 1)) --last;
        mask.box = mask.box.united({{0, y, first - row}, {1, y + 1, last - row}});
    }
    for (std::int64_t y = mask.box.begin.y; y < mask.box.end.y; ++y)
        mask.pixels.insert(mask.pixels.end(), pixels + y * width + mask.box.begin.x,
                           pixels + y * width + mask.box.end.x);
    return mask;
}

std::vector<double> numbersOf(const at::Tensor& tensor) {
    const at::Tensor plain = tensor.to(at::kCPU, at::kDouble).contiguous();
    return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

}  // namespace

double cellSamThreshold(const std::vector<double>& scores, double wanted) {
    const auto [low, high] = segment::twoMeans(scores);
    return 0.66 * wanted + 0.33 * (low + high) / 2;
}

CellBoxes boxesAbove(const nn::cellsam::RankedBoxes& ranked, double threshold) {
    const at::Tensor scores = ranked.scores.select(0, 0);
    const auto count = (scores.to(at::kDouble) > threshold).sum().item<std::int64_t>();
    return {ranked.boxes.select(0, 0).narrow(0, 0, count), scores.narrow(0, 0, count)};
}

CellLogits masksOfBoxes(nn::sam::Sam& segmenter, const at::Tensor& embedding, const at::Tensor& boxes) {
    const at::Tensor positions = segmenter->promptEncoder()->densePositions();
    std::vector<at::Tensor> logits, iou;
    for (const at::Tensor& some : boxes.split(boxesAtOnce)) {
        if (some.size(0) == 0) break;
        const auto codes = segmenter->promptEncoder()->forward({.boxes = some});
        const auto single = nn::sam::singleMask(segmenter->maskDecoder()->forward(embedding, positions, codes));
        logits.push_back(single.logits.select(1, 0));
        iou.push_back(single.iou.select(1, 0));
    }
    if (logits.empty()) {
        const std::int64_t side = 4 * embedding.size(-1);
        return {at::zeros({0, side, side}, embedding.options()), at::zeros({0}, embedding.options())};
    }
    return {at::cat(logits), at::cat(iou)};
}

at::Tensor foregroundOf(const at::Tensor& logits, std::int64_t side, std::int64_t height, std::int64_t width,
                        double threshold) {
    const auto enlarged = [](const at::Tensor& x, std::int64_t h, std::int64_t w) {
        return at::upsample_bilinear2d(x, {h, w}, false, std::nullopt, std::nullopt);
    };
    const at::Tensor full = enlarged(enlarged(logits.unsqueeze(1), side, side), height, width).squeeze(1);
    return full > std::log(threshold / (1 - threshold));
}

void paintOver(Volume<std::int32_t>& labels, const at::Tensor& foreground, std::int32_t id) {
    const at::Tensor plain = foreground.to(at::kCPU).contiguous();
    const bool* pixels = plain.const_data_ptr<bool>();
    for (std::int64_t i = 0; i < labels.size(); ++i)
        if (pixels[i]) labels.data()[i] = id;
}

namespace {

// What the authors make of masks in descending order of their scores.
class AuthorsPainting {
  public:
    AuthorsPainting(Index shape, std::int64_t minSize) : labels_(shape), minSize_(minSize) {}
    void add(const at::Tensor& foreground, double score) {
        scores_.push_back(score);
        paintOver(labels_, foreground, std::int32_t(scores_.size()));
    }
    std::vector<SectionMask> masks() {
        std::vector<double> left;
        for (const std::int32_t id : segment::tidyLabels(labels_, minSize_))
            left.push_back(scores_[std::size_t(id - 1)]);
        return segment::masksOf(labels_, {0, 0, 0}, left);
    }

  private:
    Volume<std::int32_t> labels_;
    std::int64_t minSize_;
    std::vector<double> scores_;
};

}  // namespace

CellSamSegmenter::CellSamSegmenter(nn::cellsam::CellSam model, CellSamOptions options)
    : model_(std::move(model)), options_(std::move(options)), device_(nn::torchDevice(options_.device)) {
    nn::place(*model_.segmenter, options_.device, options_.compute);
    nn::place(*model_.finder, options_.device, options_.compute);
    model_.segmenter->eval();
    model_.finder->eval();
}

CellBoxes CellSamSegmenter::detect(const at::Tensor& picture) {
    const double side = double(model_.finder->config().backbone.imageSize);
    const auto ranked = nn::cellsam::rankBoxes(model_.finder->forward(picture), side);
    const bool authors = options_.rules == CellSamRules::Authors;
    return boxesAbove(ranked,
                      authors ? cellSamThreshold(numbersOf(ranked.scores), options_.boxScore) : options_.boxScore);
}

std::vector<SectionMask> CellSamSegmenter::masksOf(const CellBoxes& found, const at::Tensor& picture, Index shape,
                                                   Job& job) {
    const bool authors = options_.rules == CellSamRules::Authors;
    const at::Tensor embedding = model_.segmenter->imageEncoder()->forward(picture);
    AuthorsPainting painting(authors ? shape : Index{}, options_.minSize);
    std::vector<SectionMask> masks;
    for (std::int64_t from = 0; from < found.boxes.size(0); from += boxesAtOnce) {
        job.check();
        const std::int64_t count = std::min(boxesAtOnce, found.boxes.size(0) - from);
        const CellLogits some = masksOfBoxes(model_.segmenter, embedding, found.boxes.narrow(0, from, count));
        const at::Tensor foreground =
            foregroundOf(some.logits, picture.size(-1), shape.y, shape.x, options_.foreground).to(at::kCPU);
        const std::vector<double> iou = numbersOf(some.iou), scores = numbersOf(found.scores.narrow(0, from, count));
        for (std::size_t i = 0; i < iou.size(); ++i) {
            if (iou[i] < options_.iou) continue;
            const at::Tensor one = foreground[std::int64_t(i)];
            if (authors)
                painting.add(one, scores[i]);
            else
                masks.push_back(maskOf(one, scores[i] * std::min(iou[i], 1.0)));
        }
    }
    if (authors) return painting.masks();
    std::erase_if(masks, [&](const SectionMask& mask) { return segment::areaOf(mask) < options_.minSize; });
    return segment::withoutRepeats(std::move(masks));
}

std::vector<SectionMask> CellSamSegmenter::segment(const at::Tensor& planes, Job& job) {
    return nn::translated([&]() -> std::vector<SectionMask> {
        if (planes.max().item<float>() <= 0) return {};
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(options_.compute.threads);
        const nn::AutocastGuard autocast(device_, options_.compute);
        const CellSamInput input = cellSamInput(planes, model_.finder->config().backbone.imageSize, model_.advanced);
        const auto ready = [&](const at::Tensor& picture) { return nn::placed(picture.to(device_), options_.compute); };
        job.yield();
        job.check();
        const CellBoxes found = detect(ready(input.detector));
        if (found.boxes.size(0) == 0) return {};
        job.yield();
        job.check();
        return masksOf(found, ready(cellSamEncoderInput(input.encoder)), {1, planes.size(1), planes.size(2)}, job);
    });
}

}  // namespace fovea::infer
