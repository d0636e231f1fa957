#include <torch/torch.h>

#include "infer/cellsam.h"
#include "infer/cellsam_input.h"
#include "nn/cellsam/checkpoint.h"
#include "parity/kinds.h"
#include "parity/model_inputs.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"
#include "segment/adaptive_contrast.h"
#include "segment/tidy_labels.h"
#include "segment/two_means.h"

// CellSAM: grey values, detector, threshold, masks, clean-up.
namespace fovea::parity {

using namespace nn::cellsam;

namespace {

// ---- Without networks

// The first channels of an 8-bit picture (H, W, C), each divided by `scale`.
std::vector<Volume<float>> channelsOfPicture(const GoldenCase& golden, double scale) {
    const tensorfile::Tensor picture = modelArray(golden, golden.input("image"));
    const std::int64_t h = picture.shape.at(0), w = picture.shape.at(1), c = picture.shape.at(2);
    const std::vector<double> values = picture.toDouble();
    std::vector<Volume<float>> channels(std::size_t(wholeNumber(golden.option("channels"))), Volume<float>({1, h, w}));
    for (std::size_t k = 0; k < channels.size(); ++k)
        for (std::int64_t i = 0; i < h * w; ++i) channels[k].data()[i] = float(values[std::size_t(i * c) + k] / scale);
    return channels;
}

Values normalize(const GoldenCase& golden) {
    Job job;
    const auto channelsLast = [](const at::Tensor& planes) { return fromTorch(planes.permute({1, 2, 0})); };
    std::vector<Volume<float>> channels = channelsOfPicture(golden, 1);
    Values values{{"formatted", channelsLast(infer::cellSamPlanes(channels, false, job))},
                  {"normalized", channelsLast(infer::cellSamPlanes(channels, true, job))}};
    for (Volume<float>& channel : channels) segment::clipBright(channel, realNumber(golden.option("percentile")));
    values["clipped"] = channelsLast(infer::cellSamPlanes(channels, false, job));
    return values;
}

tensorfile::Tensor oneNumber(double value) { return tensorfile::Tensor::from({1}, std::vector<double>{value}); }

Values threshold(const GoldenCase& golden) {
    const std::vector<double> scores = modelArray(golden, golden.input("scores")).toDouble();
    const auto [low, high] = segment::twoMeans(scores);
    const auto centres = tensorfile::Tensor::from({2}, std::vector<double>{low, high});
    Values values{{"centers", centres}, {"exact_centers", centres}};
    const std::string stem = "threshold_";
    for (const auto& item : member(golden.entry, "tensors").items())
        if (item.key().starts_with(stem))
            values[item.key()] = oneNumber(infer::cellSamThreshold(scores, std::stod(item.key().substr(stem.size()))));
    return values;
}

Volume<std::int32_t> sectionOf(const tensorfile::Tensor& labels) {
    const std::vector<std::int64_t> values = labels.toInt();
    return {{1, labels.shape.at(0), labels.shape.at(1)}, std::vector<std::int32_t>(values.begin(), values.end())};
}

tensorfile::Tensor arrayOf(const Volume<std::int32_t>& section) {
    return tensorfile::Tensor::from({section.shape().y, section.shape().x}, section.vector());
}

Values cleanup(const GoldenCase& golden) {
    const Volume<std::int32_t> labels = sectionOf(modelArray(golden, golden.input("labels")));
    Volume<std::int32_t> tidy = labels, inner = labels;
    segment::tidyLabels(tidy, wholeNumber(golden.option("min_size")));
    segment::removeOutlines(inner);
    return {{"out", arrayOf(tidy)}, {"outline_removed", arrayOf(inner)}};
}

Values preprocess(const GoldenCase& golden) {
    Job job;
    const at::Tensor planes =
        infer::cellSamPlanes(channelsOfPicture(golden, 255), golden.option("normalize").get<bool>(), job);
    const infer::CellSamInput input =
        infer::cellSamInput(planes, wholeNumber(golden.option("img_size")), golden.option("adv_mode").get<bool>());
    return {{"formatted_normalized", fromTorch(planes)},
            {"encoder_input_before_mean_std", fromTorch(input.encoder)},
            {"detector_input", fromTorch(input.detector)}};
}

// ---- The detector

Values rowColumnAttention(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    RowColumnAttention attention(wholeNumber(golden.option("dim")), wholeNumber(golden.option("num_heads")));
    hashWeights(golden, *attention);
    const auto in = [&](const char* name) { return modelInput(golden, name); };
    return {{"out", fromTorch(attention(in("query_row"), in("query_col"), in("key_row"), in("key_col"), in("value")))}};
}

TransformerConfig transformerConfig(const GoldenCase& golden) {
    TransformerConfig config;
    const auto number = [&](const char* key, std::int64_t& value) {
        if (golden.config.contains(key)) value = wholeNumber(golden.config[key]);
    };
    number("enc_layers", config.encoderLayers), number("dec_layers", config.decoderLayers);
    number("ffn", config.hidden), number("queries", config.queries);
    number("patterns", config.patterns), number("classes", config.classes);
    if (golden.kind == "cellsam.transformer") number("dim", config.width), number("heads", config.heads);
    return config;
}

// As the case states its shape: some leave the batch of one out.
tensorfile::Tensor asStated(const GoldenCase& golden, const char* name, const at::Tensor& tensor) {
    const json& tensors = member(golden.entry, "tensors");
    const bool shorter = tensors.contains(name) && std::int64_t(member(tensors[name], "shape").size()) < tensor.dim() &&
                         tensor.size(0) == 1;
    return fromTorch(shorter ? tensor.squeeze(0) : tensor);
}

Values transformer(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    Transformer network(transformerConfig(golden));
    hashWeights(golden, *network);
    nn::Steps steps;
    const Detections found = network->forward(modelInput(golden, "map").squeeze(1), &steps);
    const RankedBoxes ranked = rankBoxes(found, realNumber(golden.option("frame")));
    Values values = valuesOf(steps);
    values["logits"] = fromTorch(found.logits);
    values["boxes"] = fromTorch(found.boxes);
    values["scores"] = asStated(golden, "scores", ranked.scores);
    values["labels"] = asStated(golden, "labels", ranked.classes);
    values["boxes_xyxy_" + golden.option("frame").dump()] = fromTorch(ranked.boxes);
    return values;
}

// ---- The whole model

// With hashed weights over all names of its container.
CellSam hashedCellSam(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    const CellSamConfig config{{vitConfig(golden), promptConfig(golden)},
                               {vitConfig(golden), transformerConfig(golden)}};
    nn::State like;
    const auto add = [&](const std::string& prefix, const torch::nn::Module& network) {
        for (const auto& [name, tensor] : nn::stateOf(network)) like.emplace_back(prefix + name, tensor);
    };
    const nn::sam::Sam segmenter(config.segmenter);
    add("cellfinder.decode_head.", *CellFinder(config.finder));
    add("model.", *segmenter);
    if (golden.option("adv_mode").get<bool>()) add("model_cp.", *segmenter);
    CellSam model = cellSamFrom(hashedState(golden, like), config, golden.id);
    model.finder->to(deviceOf(golden), precisionOf(golden));
    model.segmenter->to(deviceOf(golden), precisionOf(golden));
    model.finder->eval();
    model.segmenter->eval();
    return model;
}

struct Found {
    RankedBoxes ranked;
    double threshold = 0;
    infer::CellBoxes kept;
};

Found detect(const GoldenCase& golden, CellSam& model, Values& values) {
    nn::Steps steps;
    const Detections detections = model.finder->forward(modelInput(golden, "detector_input"), &steps);
    values = valuesOf(steps);
    values["logits"] = fromTorch(detections.logits);
    values["boxes"] = fromTorch(detections.boxes);
    Found found;
    found.ranked = rankBoxes(detections, realNumber(golden.option("img_size")));
    found.threshold =
        infer::cellSamThreshold(fromTorch(found.ranked.scores).toDouble(), realNumber(golden.option("bbox_threshold")));
    found.kept = infer::boxesAbove(found.ranked, found.threshold);
    return found;
}

Values cellFinder(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    CellSam model = hashedCellSam(golden);
    Values values;
    const Found found = detect(golden, model, values);
    values["scores"] = asStated(golden, "scores", found.ranked.scores);
    values["boxes_xyxy"] = asStated(golden, "boxes_xyxy", found.ranked.boxes);
    values["threshold"] = oneNumber(found.threshold);
    values["kept_boxes"] = fromTorch(found.kept.boxes);
    return values;
}

Values segmented(const GoldenCase& golden) {
    const torch::NoGradGuard off;
    CellSam model = hashedCellSam(golden);
    const std::int64_t side = wholeNumber(golden.option("img_size"));
    const std::vector<std::int64_t> size = modelArray(golden, golden.input("size")).toInt();
    const at::Tensor toPicture = torch::tensor({double(size[1]), double(size[0]), double(size[1]), double(size[0])})
                                     .div(double(side))
                                     .to(deviceOf(golden), precisionOf(golden));
    Values values;
    const at::Tensor boxes = golden.inputs.contains("user_boxes") ? modelInput(golden, "user_boxes") / toPicture
                                                                  : detect(golden, model, values).kept.boxes;
    const at::Tensor embedding =
        model.segmenter->embed(infer::cellSamEncoderInput(modelInput(golden, "encoder_input_before_mean_std")));
    const infer::CellLogits masks = infer::masksOfBoxes(model.segmenter, embedding, boxes);
    const at::Tensor kept = masks.iou >= realNumber(golden.option("iou_threshold"));
    const at::Tensor foreground =
        infer::foregroundOf(masks.logits.index({kept}), infer::stretchedFrame(size[0], size[1], side),
                            realNumber(golden.option("mask_threshold")));
    std::vector<segment::SectionMask> found;
    for (std::int64_t i = 0; i < foreground.size(0); ++i) found.push_back(infer::sectionMask(foreground[i], 1));
    Volume<std::int32_t> labels = segment::paintLastOnTop(found, {1, size[0], size[1]});
    values["boxes_in_frame"] = fromTorch(boxes);
    values["low_res_logits"] = fromTorch(masks.logits);
    values["iou"] = fromTorch(masks.iou);
    values["kept"] = fromTorch(kept.to(torch::kInt64));
    values["boxes_out"] = fromTorch(boxes.index({kept}) * toPicture);
    values["label_map"] = arrayOf(labels);
    segment::tidyLabels(labels, 25);
    values["final"] = arrayOf(labels);
    return values;
}

}  // namespace

std::vector<Kind> cellSamKinds() {
    return {{"cellsam.normalize", normalize},     {"cellsam.threshold", threshold},
            {"cellsam.cleanup", cleanup},         {"cellsam.preprocess", preprocess},
            {"cellsam.rcda", rowColumnAttention}, {"cellsam.transformer", transformer},
            {"cellsam.cellfinder", cellFinder},   {"cellsam.segment", segmented}};
}

}  // namespace fovea::parity
