#include "infer/cellsam.h"

#include <ATen/ops/cat.h>
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
        nn::sam::Prompts prompts;
        prompts.boxes = some;
        const auto single = nn::sam::singleMask(segmenter->predict(embedding, positions, prompts));
        logits.push_back(single.logits.select(1, 0));
        iou.push_back(single.iou.select(1, 0));
    }
    if (logits.empty()) {
        const std::int64_t side = 4 * embedding.size(-1);
        return {at::zeros({0, side, side}, embedding.options()), at::zeros({0}, embedding.options())};
    }
    return {at::cat(logits), at::cat(iou)};
}

at::Tensor foregroundOf(const at::Tensor& logits, const nn::sam::Frame& frame, double threshold) {
    return nn::sam::atImageSize(logits.unsqueeze(1), frame).squeeze(1) > std::log(threshold / (1 - threshold));
}

nn::sam::Frame stretchedFrame(std::int64_t height, std::int64_t width, std::int64_t side) {
    return {height, width, side, side, side};
}

SectionMask sectionMask(const at::Tensor& foreground, double score) {
    const at::Tensor plain = foreground.to(at::kCPU).contiguous();
    const std::int64_t height = plain.size(0), width = plain.size(1);
    const bool* pixels = plain.const_data_ptr<bool>();
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

CellSamSegmenter::CellSamSegmenter(nn::cellsam::CellSam model, CellSamOptions options)
    : model_(std::move(model)), options_(std::move(options)), device_(nn::torchDevice(options_.device)) {
    nn::place(*model_.segmenter, options_.device, options_.compute);
    nn::place(*model_.finder, options_.device, options_.compute);
    model_.segmenter->eval();
    model_.finder->eval();
}

CellSamSegmenter::Pictures CellSamSegmenter::picturesOf(const at::Tensor& planes) const {
    const std::int64_t side = model_.finder->config().backbone.imageSize;
    const auto ready = [&](const at::Tensor& picture) { return nn::placed(picture.to(device_), options_.compute); };
    if (options_.rules == CellSamRules::FirstRelease) {
        const nn::sam::Frame frame = nn::sam::frameOf(planes.size(1), planes.size(2), side);
        const at::Tensor picture = ready(cellSamFirstInput(planes, frame));
        return {picture, picture, frame};
    }
    const CellSamInput input = cellSamInput(planes, side, model_.advanced);
    return {ready(input.detector), ready(cellSamEncoderInput(input.encoder)),
            stretchedFrame(planes.size(1), planes.size(2), side)};
}

CellBoxes CellSamSegmenter::detect(const at::Tensor& picture) {
    const auto ranked = nn::cellsam::rankBoxes(model_.finder->forward(picture), double(picture.size(-1)));
    const bool mixed = options_.rules == CellSamRules::Authors;
    return boxesAbove(ranked,
                      mixed ? cellSamThreshold(numbersOf(ranked.scores), options_.boxScore) : options_.boxScore);
}

std::vector<SectionMask> CellSamSegmenter::masksOf(const CellBoxes& found, const Pictures& pictures, Job& job) {
    const at::Tensor embedding = model_.segmenter->embed(pictures.encoder);
    std::vector<SectionMask> masks;
    for (std::int64_t from = 0; from < found.boxes.size(0); from += boxesAtOnce) {
        job.check();
        const std::int64_t count = std::min(boxesAtOnce, found.boxes.size(0) - from);
        const CellLogits some = masksOfBoxes(model_.segmenter, embedding, found.boxes.narrow(0, from, count));
        const at::Tensor foreground = foregroundOf(some.logits, pictures.frame, options_.foreground).to(at::kCPU);
        const std::vector<double> iou = numbersOf(some.iou), scores = numbersOf(found.scores.narrow(0, from, count));
        for (std::size_t i = 0; i < iou.size(); ++i) {
            if (iou[i] < options_.iou) continue;
            const double certainty = options_.rules == CellSamRules::Improved ? std::min(iou[i], 1.0) : 1.0;
            masks.push_back(sectionMask(foreground[std::int64_t(i)], scores[i] * certainty));
        }
    }
    return masks;
}

std::vector<SectionMask> CellSamSegmenter::settled(std::vector<SectionMask> masks, const nn::sam::Frame& frame) const {
    if (options_.rules == CellSamRules::Improved) {
        std::erase_if(masks, [&](const SectionMask& mask) { return segment::areaOf(mask) < options_.minSize; });
        return segment::withoutRepeats(std::move(masks));
    }
    if (options_.rules == CellSamRules::FirstRelease)
        for (SectionMask& mask : masks) segment::keepLargestPiece(mask);
    Volume<std::int32_t> labels = segment::paintLastOnTop(masks, {1, frame.height, frame.width});
    std::vector<double> scores;
    for (const std::int32_t id : segment::tidyLabels(labels, options_.minSize))
        scores.push_back(masks[std::size_t(id - 1)].score);
    return segment::masksOf(labels, {0, 0, 0}, scores);
}

std::vector<SectionMask> CellSamSegmenter::segment(const at::Tensor& planes, Job& job) {
    return nn::translated([&]() -> std::vector<SectionMask> {
        if ((planes.amax({1, 2}) - planes.amin({1, 2})).max().item<float>() <= 0) return {};
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(options_.compute.threads);
        const nn::AutocastGuard autocast(device_, options_.compute);
        const Pictures pictures = picturesOf(planes);
        job.yield();
        job.check();
        const CellBoxes found = detect(pictures.detector);
        if (found.boxes.size(0) == 0) return {};
        job.yield();
        job.check();
        return settled(masksOf(found, pictures, job), pictures.frame);
    });
}

}  // namespace fovea::infer
