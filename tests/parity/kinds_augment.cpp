#include <cmath>

#include "parity/array_recipes.h"
#include "parity/kinds.h"
#include "train/augment.h"
#include "train/intensity_transforms.h"
#include "train/patch_geometry.h"

namespace fovea::parity {

namespace {

using namespace train;
using Channels = std::vector<Volume<float>>;

json axesOf(Index v, int dims) { return dims == 2 ? json{v.y, v.x} : json{v.z, v.y, v.x}; }

// An input with channels, and how many spatial axes it has.
template <class T>
std::pair<std::vector<Volume<T>>, int> imageInput(const GoldenCase& golden, const char* name) {
    const tensorfile::Tensor array = makeArray(golden, golden.input(name));
    return {channelsOf<T>(array), int(array.shape.size()) - 1};
}

Values initialPatch(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& patch : golden.input("patches")) {
        const int dims = int(patch.size());
        const Index size = indexOf(patch, 1);
        const AugmentGeometry g = augmentGeometry(size, dims);
        json mirror = json::array();
        for (int a = 0; a < 3; ++a)
            if (AugmentOptions::nnunet(size, dims).mirror[std::size_t(a)]) mirror.push_back(a - (3 - dims));
        rows.push_back({{"rotation_radians", {-g.rotation, g.rotation}},
                        {"dummy_2d", dims == 3 && g.inPlane},
                        {"initial_patch", axesOf(g.initialPatch, dims)},
                        {"mirror_axes", mirror}});
    }
    return {{"rows", rows}};
}

Values oversample(const GoldenCase& golden) {
    json forced = json::array();
    for (const json& batch : golden.input("batch_sizes"))
        forced.push_back(forcedForeground(wholeNumber(batch), realNumber(golden.option("oversample"))));
    return {{"forced", forced}};
}

Values patchBounds(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& row : golden.input("rows")) {
        const int dims = int(member(row, "shape").size());
        const Index window = indexOf(member(row, "loader_patch"), 1);
        const StartRange range = startRange(indexOf(row["shape"], 1), window, indexOf(member(row, "final_patch"), 1));
        json starts = json::array();
        for (const json& location : member(row, "forced_locations"))
            starts.push_back(axesOf(startAround(indexOf(location, 0), range, window), dims));
        rows.push_back(
            {{"lower", axesOf(range.lower, dims)}, {"upper", axesOf(range.upper, dims)}, {"forced_starts", starts}});
    }
    return {{"rows", rows}};
}

Values cropPad(const GoldenCase& golden) {
    auto [image, dims] = imageInput<float>(golden, "image");
    const json& pairs = golden.option("box");
    Box box = Box::of({1, 1, 1});
    for (int a = 0; a < dims; ++a) {
        box.begin[a + 3 - dims] = wholeNumber(pairs.at(std::size_t(a)).at(0));
        box.end[a + 3 - dims] = wholeNumber(pairs.at(std::size_t(a)).at(1));
    }
    for (Volume<float>& channel : image) channel = cropAndPad(channel, box, float(realNumber(golden.option("value"))));
    return {{"out", arrayOf(image, dims)}};
}

Values spatial(const GoldenCase& golden) {
    auto [image, dims] = imageInput<float>(golden, "image");
    auto labels = imageInput<std::int16_t>(golden, "segmentation").first;
    const bool flat = dims == 2 || golden.option("dummy_2d").get<bool>();
    const std::vector<double> angles = golden.option("angles").get<std::vector<double>>();
    const double scale = realNumber(golden.option("scale"));
    const Index input = image.at(0).shape();
    Index patch = indexOf(golden.option("patch"), input.z);
    SpatialDraw draw;
    draw.angles = flat ? Vec3{angles.back(), 0, 0} : Vec3{angles.at(0), angles.at(1), angles.at(2)};
    draw.scale = {flat ? 1 : scale, scale, scale};
    const AffineMap map = turnedAndScaled(draw.angles, draw.scale, input, patch);
    for (Volume<float>& channel : image)
        channel =
            draw.plain() ? cropAndPad(channel, centreBox(input, patch), 0.f) : sampledLinearly(channel, map, patch);
    for (LabelVolume& channel : labels)
        channel = draw.plain() ? cropAndPad(channel, centreBox(input, patch), std::int16_t(-1))
                               : sampledLabels(channel, map, patch, LabelRule::Vote);
    return {{"image", arrayOf(image, dims)}, {"segmentation", arrayOf(labels, dims)}};
}

json spatialRules(const GoldenCase&) {
    return {{"segmentation", {{"fraction", 0.995}, {"where", "segmentation_agree"}}}, {"segmentation_agree", "info"}};
}

Values blurKernels(const GoldenCase& golden) {
    json rows = json::array();
    for (const json& sigma : golden.input("sigmas")) {
        const std::vector<float> kernel = blurKernel(realNumber(sigma));
        rows.push_back({{"sigma", sigma}, {"length", kernel.size()}, {"kernel", kernel}});
    }
    return {{"rows", rows}};
}

// Each channel through one function; what is not given per channel stays as it is.
template <class F>
Values changed(const GoldenCase& golden, F&& change) {
    auto [image, dims] = imageInput<float>(golden, "image");
    for (std::size_t c = 0; c < image.size(); ++c) change(image[c], c);
    return {{"out", arrayOf(image, dims)}};
}

Values blurred(const GoldenCase& golden) {
    std::size_t used = 0;
    return changed(golden, [&](Volume<float>& v, std::size_t c) {
        if (golden.option("apply_to_channel").at(c).get<bool>())
            blur(v, vectorOf(golden.option("sigmas").at(used++), 0));
    });
}

Values lowResolution(const GoldenCase& golden) {
    const std::vector<std::int64_t> channels = wholeNumbers(golden.option("channels"));
    return changed(golden, [&](Volume<float>& v, std::size_t c) {
        for (std::size_t i = 0; i < channels.size(); ++i)
            if (channels[i] == std::int64_t(c)) lowerResolution(v, vectorOf(golden.option("scales").at(i), 1));
    });
}

Values gammaChanged(const GoldenCase& golden) {
    return changed(golden, [&](Volume<float>& v, std::size_t c) {
        changeGamma(v, realNumber(golden.option("gamma").at(c)), golden.option("invert").get<bool>());
    });
}

Values brightened(const GoldenCase& golden) {
    return changed(golden, [&](Volume<float>& v, std::size_t c) {
        changeBrightness(v, realNumber(golden.option("factors").at(c)));
    });
}

Values contrastChanged(const GoldenCase& golden) {
    return changed(golden, [&](Volume<float>& v, std::size_t c) {
        changeContrast(v, realNumber(golden.option("factors").at(c)));
    });
}

Values mirrored(const GoldenCase& golden) {
    auto [image, dims] = imageInput<float>(golden, "image");
    std::array<bool, 3> mirror{false, false, false};
    for (const std::int64_t axis : wholeNumbers(golden.option("axes"))) mirror.at(std::size_t(axis + 3 - dims)) = true;
    for (Volume<float>& channel : image) channel = flipped(channel, channel.box(), mirror);
    return {{"out", arrayOf(image, dims)}};
}

Values noise(const GoldenCase& golden) {
    const std::vector<std::int64_t> shape = wholeNumbers(golden.option("shape"));
    Channels channels(std::size_t(shape.at(0)), Volume<float>({shape.at(1), shape.at(2), shape.at(3)}));
    Rng rng(1);
    double mean = 0, square = 0, shared = 0, count = 0;
    for (Volume<float>& channel : channels) {
        addNoise(channel, realNumber(golden.option("sigma")), rng);
        for (float x : channel) mean += x, square += double(x) * x, ++count;
    }
    mean /= count;
    const double variance = square / count - mean * mean;
    const Volume<float>&first = channels.front(), &last = channels.back();
    for (std::int64_t i = 0; i < first.size(); ++i) shared += (first.data()[i] - mean) * (last.data()[i] - mean);
    return {{"mean", json(mean)},
            {"std", json(std::sqrt(variance))},
            {"correlation_between_channels", json(shared / double(first.size()) / variance)}};
}

json noiseRules(const GoldenCase&) { return {{"measured", "info"}}; }

Values masked(const GoldenCase& golden) {
    auto [image, dims] = imageInput<float>(golden, "image");
    const auto labels = imageInput<std::int16_t>(golden, "segmentation").first;
    for (const std::int64_t c : wholeNumbers(golden.option("channels")))
        maskOutside(image.at(std::size_t(c)), labels.at(0));
    return {{"out", arrayOf(image, dims)}};
}

Values removedLabel(const GoldenCase& golden) {
    auto [labels, dims] = imageInput<std::int16_t>(golden, "segmentation");
    for (LabelVolume& channel : labels)
        replaceLabel(channel, std::int16_t(wholeNumber(golden.option("old"))),
                     std::int16_t(wholeNumber(golden.option("new"))));
    return {{"out", arrayOf(labels, dims)}};
}

Values regions(const GoldenCase& golden) {
    const auto [labels, dims] = imageInput<std::int16_t>(golden, "segmentation");
    std::vector<std::vector<std::int16_t>> list;
    for (const json& region : golden.option("regions"))
        list.push_back(region.is_array() ? region.get<std::vector<std::int16_t>>()
                                         : std::vector<std::int16_t>{region.get<std::int16_t>()});
    const json ignore = golden.config.value("ignore_label", json());
    return {{"out", arrayOf(regionChannels(labels.at(0), list,
                                           ignore.is_null() ? std::nullopt : std::optional(ignore.get<std::int16_t>())),
                            dims)}};
}

Values cascadeOneHot(const GoldenCase& golden) {
    auto [image, dims] = imageInput<float>(golden, "image");
    auto labels = imageInput<std::int16_t>(golden, "segmentation").first;
    const auto source = labels.begin() + wholeNumber(golden.option("source_channel"));
    const Channels added = oneHotChannels(*source, golden.option("labels").get<std::vector<std::int16_t>>());
    image.insert(image.end(), added.begin(), added.end());
    labels.erase(source);
    return {{"image", arrayOf(image, dims)}, {"segmentation", arrayOf(labels, dims)}};
}

Values deepTargets(const GoldenCase& golden) {
    const auto [labels, dims] = imageInput<std::int16_t>(golden, "segmentation");
    Values values;
    for (const json& scale : golden.option("scales")) {
        std::vector<LabelVolume> channels;
        for (const LabelVolume& channel : labels) channels.push_back(atScale(channel, vectorOf(scale, 1)));
        values["out" + std::to_string(values.size())] = arrayOf(channels, dims);
    }
    return values;
}

}  // namespace

std::vector<Kind> augmentKinds() {
    return {{"initial_patch", initialPatch},
            {"oversample", oversample},
            {"patch_bounds", patchBounds},
            {"crop_pad", cropPad},
            {.name = "aug_spatial", .run = spatial, .rules = spatialRules},
            {"blur_kernels", blurKernels},
            {"aug_blur", blurred},
            {"aug_lowres", lowResolution},
            {"aug_gamma", gammaChanged},
            {"aug_brightness", brightened},
            {"aug_contrast", contrastChanged},
            {"aug_mirror", mirrored},
            {.name = "aug_noise_stats", .run = noise, .rules = noiseRules},
            {"aug_mask", masked},
            {"aug_remove_label", removedLabel},
            {"aug_regions", regions},
            {"aug_cascade_onehot", cascadeOneHot},
            {"aug_ds", deepTargets}};
}

}  // namespace fovea::parity
