#include <torch/torch.h>

#include "data/image_resize.h"
#include "parity/kinds.h"
#include "parity/model_inputs.h"
#include "parity/model_torch.h"
#include "parity/sam_cases.h"
#include "parity/torch_arrays.h"
#include "segment/distance_instances.h"
#include "segment/mask_proposals.h"
#include "segment/mask_shape.h"

// Pixel work around Segment Anything: resizing, masks, automatic masks, instances from distance maps.
namespace fovea::parity {

namespace {

using tensorfile::Tensor;

Values samResize(const GoldenCase& golden) {
    const Volume<std::uint8_t> image = planesOf(golden, "image");
    Values values;
    for (const std::int64_t side : wholeNumbers(golden.option("targets")))
        values["longest_" + std::to_string(side)] =
            interleaved(nn::sam::fitted(image, nn::sam::frameOf(image.shape().y, image.shape().x, side)));
    return values;
}

Values imageResize(const GoldenCase& golden) {
    const Volume<std::uint8_t> image = planesOf(golden, "image");
    const Volume<float> real(image.shape(), std::vector<float>(image.begin(), image.end()));
    Values values;
    for (const json& target : golden.option("targets")) {
        const std::int64_t height = wholeNumber(target.at(0)), width = wholeNumber(target.at(1));
        const std::string size = std::to_string(height) + "x" + std::to_string(width);
        values["bilinear_" + size] = interleaved(resized(image, height, width));
        values["bicubic_" + size] = interleaved(resized(image, height, width, ResizeFilter::Bicubic));
        values["float_aa_" + size] = interleaved(resized(real, height, width));
    }
    return values;
}

Values samPostprocess(const GoldenCase& golden) {
    const at::Tensor low = modelInput(golden, "low_res_logits");
    Values values;
    for (const json& sizes : golden.option("sizes")) {
        const auto content = wholeNumbers(sizes.at(0)), image = wholeNumbers(sizes.at(1));
        const auto text = [](const std::vector<std::int64_t>& s) {
            return std::to_string(s.at(0)) + "x" + std::to_string(s.at(1));
        };
        const std::string prefix = text(content) + "_to_" + text(image) + "/";
        const at::Tensor logits = nn::sam::atImageSize(
            low, {image[0], image[1], content[0], content[1], wholeNumber(golden.option("img_size"))});
        addMasks(values, logits, prefix);
        for (std::int64_t i = 0; i < logits.size(0); ++i)
            for (std::int64_t m = 0; m < logits.size(1); ++m) {
                const auto runs = segment::runLengths(maskOf(logits, i, m));
                values[prefix + "rle_item" + std::to_string(i) + "_mask" + std::to_string(m)] =
                    Tensor::from({std::int64_t(runs.size())}, runs);
            }
    }
    return values;
}

// [x0, y0, x1, y1] of a manifest.
Box boxOf(const json& corners) {
    const auto c = wholeNumbers(corners);
    return {{0, c.at(1), c.at(0)}, {1, c.at(3), c.at(2)}};
}

std::vector<segment::Rectangle> rectangles(const GoldenCase& golden) {
    const std::vector<double> corners = modelArray(golden, golden.input("boxes")).toDouble();
    std::vector<segment::Rectangle> boxes;
    for (std::size_t i = 0; i + 3 < corners.size(); i += 4)
        boxes.push_back({corners[i], corners[i + 1], corners[i + 2], corners[i + 3]});
    return boxes;
}

void addCrops(Values& values, const GoldenCase& golden) {
    const auto image = wholeNumbers(golden.option("image"));
    std::vector<std::int64_t> corners, layers;
    for (const segment::CropBox& crop :
         segment::cropBoxes(image.at(0), image.at(1), int(wholeNumber(golden.option("crop_n_layers"))),
                            realNumber(golden.option("crop_overlap_ratio")))) {
        corners.insert(corners.end(), {crop.box.begin.x, crop.box.begin.y, crop.box.end.x, crop.box.end.y});
        layers.push_back(crop.layer);
    }
    const auto count = std::int64_t(layers.size());
    values["crop_boxes"] = Tensor::from({count, 4}, corners);
    values["crop_layers"] = Tensor::from({count}, layers);
}

// What stands behind the last "_" of an output's name.
std::string parameterOf(const std::string& name) { return name.substr(name.rfind('_') + 1); }

Values samAmg(const GoldenCase& golden) {
    Values values;
    std::vector<double> grid;
    for (const segment::Point& point : segment::pointGrid(wholeNumber(golden.option("points_per_side"))))
        grid.insert(grid.end(), {point.x, point.y});
    values["grid"] = Tensor::from({std::int64_t(grid.size()) / 2, 2}, grid);
    addCrops(values, golden);

    const std::vector<segment::Rectangle> boxes = rectangles(golden);
    const std::vector<double> scores = modelArray(golden, golden.input("scores")).toDouble();
    const Box crop = boxOf(golden.option("crop_box")), image = boxOf(golden.option("orig_box"));
    std::vector<std::uint8_t> near;
    for (const segment::Rectangle& box : boxes) near.push_back(segment::touchesCropEdge(box, crop, image));
    values["near_crop_edge"] = Tensor::from({std::int64_t(near.size())}, near);

    const Tensor mask = modelArray(golden, golden.input("mask"));
    const auto pixels = mask.as<std::uint8_t>();
    for (const auto& [name, rule] : member(golden.entry, "tensors").items()) {
        Volume<std::uint8_t> mended({1, mask.shape.at(0), mask.shape.at(1)}, {pixels.begin(), pixels.end()});
        if (name.starts_with("nms_")) {
            const auto kept = segment::withoutOverlaps(boxes, scores, std::stod(parameterOf(name)));
            values[name] = Tensor::from({std::int64_t(kept.size())}, kept);
        } else if (name.starts_with("remove_holes_")) {
            segment::fillSmallHoles(mended, std::stoll(parameterOf(name)));
            values[name] = Tensor::from(mask.shape, mended.vector());
        } else if (name.starts_with("remove_islands_")) {
            segment::dropSmallIslands(mended, std::stoll(parameterOf(name)));
            values[name] = Tensor::from(mask.shape, mended.vector());
        }
    }
    return values;
}

Values aisInstances(const GoldenCase& golden) {
    const Tensor array = modelArray(golden, golden.input("maps"));
    const std::vector<float> all = array.toFloat();
    const Index n{1, array.shape.at(1), array.shape.at(2)};
    const auto map = [&](std::int64_t i) {
        return Volume<float>(n, {all.begin() + i * n.count(), all.begin() + (i + 1) * n.count()});
    };
    const auto option = [&](const char* key) { return realNumber(golden.option(key)); };
    const segment::DistanceRules rules{option("center_distance_threshold"), option("boundary_distance_threshold"),
                                       option("foreground_threshold"),      option("foreground_smoothing"),
                                       option("distance_smoothing"),        wholeNumber(golden.option("min_size"))};
    Job job;
    const segment::DistanceMaps soft = segment::smoothed({map(0), map(1), map(2)}, rules, job);
    const Volume<std::int32_t> markers = segment::distanceMarkers(soft, rules, job);
    const auto section = [&]<class T>(const Volume<T>& volume) { return Tensor::from({n.y, n.x}, volume.vector()); };
    return {{"foreground_smoothed", section(soft.foreground)},
            {"center_smoothed", section(soft.center)},
            {"boundary_smoothed", section(soft.boundary)},
            {"markers", section(markers)},
            {"labels", section(segment::grownMarkers(soft, markers, rules, job))}};
}

}  // namespace

std::vector<Kind> samPixelKinds() {
    return {{"sam.resize", samResize},
            {"image.resize", imageResize},
            {"sam.postprocess", samPostprocess},
            {"sam.amg", samAmg},
            {"ais.instances", aisInstances}};
}

}  // namespace fovea::parity
