#include <torch/torch.h>

#include <algorithm>

#include "infer/predictor.h"
#include "infer/window_grid.h"
#include "parity/array_recipes.h"
#include "parity/kinds.h"
#include "parity/torch_arrays.h"

namespace fovea::parity {

namespace {

using namespace infer;

std::vector<float> weightsOf(const GoldenCase& golden) {
    if (golden.option("value_scaling_factor") != 10)
        throw Error(ErrorKind::Unsupported, "window weights with a factor other than 10");
    return gaussianWeights(wholeNumbers(golden.option("tile")), realNumber(golden.option("sigma_scale")));
}

Values gaussian(const GoldenCase& golden) {
    const std::vector<float> weights = weightsOf(golden);
    return {{"window", tensorfile::Tensor::from(wholeNumbers(golden.option("tile")), weights)},
            {"min", json(*std::min_element(weights.begin(), weights.end()))},
            {"max", json(*std::max_element(weights.begin(), weights.end()))}};
}

Values gaussianProfile(const GoldenCase& golden) {
    const std::vector<float> weights = weightsOf(golden);
    const std::vector<std::int64_t> tile = wholeNumbers(golden.option("tile"));
    const at::Tensor window = torch::tensor(weights).view(tile);
    Values values = {{"min", json(window.min().item<double>())},
                     {"max", json(window.max().item<double>())},
                     {"mean", json(window.mean(torch::kFloat64).item<double>())}};
    for (std::size_t axis = 0; axis < tile.size(); ++axis) {
        at::Tensor line = window;
        for (std::size_t other = tile.size(); other-- > 0;)
            if (other != axis) line = line.select(std::int64_t(other), tile[other] / 2);
        values["axis" + std::to_string(axis)] = fromTorch(line);
    }
    return values;
}

Values starts(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& row : golden.input("rows"))
        rows.push_back(windowStarts(wholeNumber(member(row, "image")), wholeNumber(member(row, "tile")),
                                    realNumber(member(row, "step"))));
    return {{"starts", rows}};
}

// Positions in the padded image; 2D tiles are listed for one slice.
Values tiles(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& row : golden.input("rows")) {
        const int dims = int(member(row, "tile").size());
        const Index image = indexOf(member(row, "image"), 1), tile = indexOf(row["tile"], 1);
        const WindowGrid grid = planWindows(Box::of(image), tile, dims, realNumber(golden.option("step")));
        json padded = json::array(), before = json::array(), list = json::array();
        for (int a = 0; a < 3; ++a) {
            const std::int64_t pad = -grid.starts[a].front();
            padded.push_back(std::max(image[a], tile[a]));
            before.push_back(pad);
            if (a < 3 - dims) continue;
            std::vector<std::int64_t> shifted = grid.starts[a];
            for (std::int64_t& s : shifted) s += pad;
            list.push_back(shifted);
        }
        rows.push_back({{"padded", padded},
                        {"pad_before", before},
                        {"starts", list},
                        {"tiles", grid.windows() / (dims == 2 ? image.z : 1)}});
    }
    return {{"rows", rows}};
}

Values slidingWindow(const GoldenCase& golden) {
    std::vector<Network> folds;
    for (const json& weights : golden.option("weights"))
        folds.push_back(networkOf(hashedNetwork(golden.config, weights), golden.device, {}));
    const json& patch = golden.option("patch_size");
    WindowOptions options;
    options.device = golden.device;
    options.dims = int(patch.size());
    options.patch = indexOf(patch, 1);
    options.step = realNumber(golden.option("step"));
    options.gaussian = golden.option("gaussian").get<bool>();
    if (!golden.option("mirror_axes").is_null())
        for (const std::int64_t axis : wholeNumbers(golden.option("mirror_axes")))
            options.mirrorAxes.push_back(int(axis));
    std::vector<AnyVolume> channels;
    for (const Volume<float>& channel : channelsOf<float>(makeArray(golden, golden.input("x")))) {
        channels.push_back(AnyVolume::from(channel));
        options.norms.push_back({-1e300, 1e300, 0, 1});
    }
    const MemoryImage image(std::move(channels));
    const Box all = Box::of(image.info().shape());
    std::vector<at::Tensor> sections;
    Job job;
    slideWindows(
        image, all, all, meanOf(folds), options, [](std::int64_t) { return true; },
        [&](std::int64_t, const at::Tensor& logits) { sections.push_back(logits.clone()); }, job);
    const tensorfile::Tensor logits = fromTorch(torch::stack(sections, 1));
    return {{"logits_float32", logits}, {"logits_official", logits}};
}

json slidingRules(const GoldenCase& golden) {
    const json& t = golden.tolerance;
    return {{"logits_float32", {{"abs", member(t, "float32_abs")}}},
            {"logits_official", {{"abs", member(t, "official_abs")}, {"fraction", member(t, "official_fraction")}}}};
}

Values ensemble(const GoldenCase& golden) {
    const json& dataset = golden.option("dataset_json");
    std::vector<std::int64_t> regionLabels;
    if (dataset.contains("regions_class_order")) regionLabels = wholeNumbers(dataset["regions_class_order"]);
    at::Tensor logits, probabilities;
    for (const json& recipe : golden.input("logits")) {
        const at::Tensor one = madeTensor(golden, recipe), p = regionLabels.empty() ? one.softmax(0) : one.sigmoid();
        logits = logits.defined() ? logits + one : one;
        probabilities = probabilities.defined() ? probabilities + p : p;
    }
    const double n = double(golden.input("logits").size());
    logits = logits / n;
    probabilities = probabilities / n;
    return {{"probabilities", fromTorch(probabilities)},
            {"segmentation", fromTorch(labelsOf(probabilities, regionLabels))},
            {"segmentation_of_mean_logits",
             fromTorch(labelsOf(regionLabels.empty() ? logits.softmax(0) : logits.sigmoid(), regionLabels))}};
}

}  // namespace

std::vector<Kind> inferKinds() {
    return {{"gaussian", gaussian},
            {"gaussian_profile", gaussianProfile},
            {"window_starts", starts},
            {"window_tiles", tiles},
            {.name = "sliding_window", .run = slidingWindow, .rules = slidingRules},
            {"ensemble", ensemble}};
}

}  // namespace fovea::parity
