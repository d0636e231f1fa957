#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "infer/cellsam.h"
#include "infer/cellsam_input.h"
#include "infer/cellsam_labeler.h"
#include "nn/tiny_cellsam.h"
#include "nn/torch_test.h"
#include "support/cancel_at.h"

using namespace fovea;
using namespace fovea::infer;

namespace {

const segment::PseudoLabeler& labeler() {
    static const auto one = cellSamLabeler();
    return *one;
}

std::string weightsFile(bool advanced = false) {
    const auto folder = std::filesystem::temp_directory_path() / "fovea-tst-infer-cellsam";
    std::filesystem::create_directories(folder);
    const auto path = folder / (advanced ? "advanced.safetensors" : "plain.safetensors");
    if (!std::filesystem::exists(path)) test::writeTinyCellSam(path, advanced);
    return path.string();
}

// Bright discs on a dark, noisy ground.
template <class T>
Volume<T> discs(Index shape, double peak, std::uint64_t seed = 1) {
    Volume<T> image(shape);
    Rng rng(seed);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                const double dy = double(y % 24) - 12, dx = double(x % 24) - 12;
                image(z, y, x) = T(peak * ((dy * dy + dx * dx < 60 ? 0.8 : 0.1) + 0.05 * rng.uniform()));
            }
    return image;
}

template <class T>
MemoryImage imageOf(std::vector<Volume<T>> channels) {
    std::vector<AnyVolume> volumes;
    for (const auto& channel : channels) volumes.push_back(AnyVolume::from(channel));
    return MemoryImage(std::move(volumes));
}

segment::PseudoLabels label(const ImageSource& image, nlohmann::json options, Box box = {}, Job job = {}) {
    if (!options.contains("weights")) options["weights"] = weightsFile();
    if (!options.contains("box_score")) options["box_score"] = 0.0;  // the weights are random: every box counts
    if (box.empty()) box = Box::of(image.info().shape());
    return labeler().run({image, 0, box, {}, Options(labeler().options(), options), "cpu", 1}, job);
}

// What holds for any result: ids 1…n dense, boxes and counts right, confidences in 0…1.
void checkSound(const segment::PseudoLabels& found, Index shape) {
    CHECK(found.labels.shape() == shape);
    std::vector<std::int64_t> voxels(found.objects.size() + 1);
    for (const std::int32_t id : found.labels) {
        CHECK(id >= 0 && std::size_t(id) < voxels.size());
        ++voxels[std::size_t(id)];
    }
    for (std::size_t i = 0; i < found.objects.size(); ++i) {
        const segment::Proposal& object = found.objects[i];
        CHECK(object.id == std::int32_t(i + 1));
        CHECK(object.voxels == voxels[i + 1] && object.voxels > 0);
        CHECK(object.confidence >= 0 && object.confidence <= 1);
        CHECK(!object.box.empty());
    }
}

void planesOfAnyImage() {
    Job job;
    Volume<float> a({1, 7, 9}, 1), b({1, 7, 9}, 2), c({1, 7, 9}, 3);
    a(0, 0, 0) = NAN;
    const auto level = [](const at::Tensor& planes, std::int64_t plane) { return planes[plane][3][4].item<float>(); };
    const at::Tensor one = cellSamPlanes({a}, false, job), two = cellSamPlanes({a, b}, false, job),
                     three = cellSamPlanes({a, b, c}, false, job);
    CHECK(one.sizes() == at::IntArrayRef({3, 7, 9}));
    CHECK(level(one, 0) == 0 && level(one, 1) == 0 && level(one, 2) == 1);
    CHECK(one[2][0][0].item<float>() == 0);  // what is no number
    CHECK(level(two, 0) == 0 && level(two, 1) == 1 && level(two, 2) == 2);
    CHECK(level(three, 0) == 1 && level(three, 1) == 2 && level(three, 2) == 3);
    CHECK(cellSamPlanes({b}, true, job).abs().max().item<float>() == 0);  // nothing but one value
    CHECK_THROWS(cellSamPlanes({}, true, job), Error);
    CHECK_THROWS(cellSamPlanes({a, b, c, a}, true, job), Error);
    CHECK_THROWS(cellSamPlanes({a, Volume<float>({1, 9, 7})}, true, job), Error);
    CHECK_THROWS(cellSamPlanes({Volume<float>({2, 7, 9})}, true, job), Error);
}

void inputsOfOddShapes() {
    Job job;
    for (const Index shape : {Index{1, 1, 1}, Index{1, 1, 200}, Index{1, 33, 5}, Index{1, 64, 64}})
        for (const bool advanced : {false, true}) {
            const CellSamInput input =
                cellSamInput(cellSamPlanes({discs<float>(shape, 1000)}, true, job), 64, advanced);
            for (const at::Tensor& picture : {input.encoder, input.detector}) {
                CHECK(picture.sizes() == at::IntArrayRef({1, 3, 64, 64}));
                CHECK(picture.isfinite().all().item<bool>());
            }
            CHECK(input.encoder.min().item<float>() >= 0 && input.encoder.max().item<float>() <= 1);
            // A checkpoint with two segmenters has the detector see whole cells as nuclei, too.
            if (advanced) CHECK(input.detector[0][1].equal(input.detector[0][2]));
        }
}

void thresholdOfTheAuthors() {
    CHECK_NEAR(cellSamThreshold({0.02, 0.02, 0.7, 0.7}, 0.4), 0.66 * 0.4 + 0.33 * 0.36, 1e-12);
    CHECK_NEAR(cellSamThreshold({}, 0.4), 0.264, 1e-12);
}

void everyKindOfImage() {
    const Index shape{1, 61, 83};
    const auto first = label(imageOf<std::uint8_t>({discs<std::uint8_t>(shape, 250)}), {});
    checkSound(first, shape);
    CHECK(!first.objects.empty());
    checkSound(label(imageOf<std::uint16_t>({discs<std::uint16_t>(shape, 60000)}), {}), shape);
    checkSound(label(imageOf<float>({discs<float>(shape, 1e-3)}), {}), shape);
    const auto plane = discs<std::uint8_t>(shape, 200), other = discs<std::uint8_t>(shape, 100, 2);
    const MemoryImage rgb = imageOf<std::uint8_t>({plane, other, plane});
    checkSound(label(rgb, {{"colour", true}}), shape);
    checkSound(label(rgb, {{"nuclear", 1}, {"weights", weightsFile(true)}}), shape);
    CHECK_THROWS(label(imageOf<std::uint8_t>({plane}), {{"colour", true}}), Error);
    CHECK_THROWS(label(imageOf<std::uint8_t>({plane}), {{"nuclear", 1}}), Error);
    // Again, the same.
    CHECK(label(imageOf<std::uint8_t>({discs<std::uint8_t>(shape, 250)}), {}).labels == first.labels);
}

void nothingToFind() {
    const Index shape{3, 40, 50};
    for (const char* rules : {"improved", "authors", "authors-1.1"})
        for (const float grey : {0.0f, 7.0f, NAN}) {
            const auto found = label(imageOf<float>({Volume<float>(shape, grey)}), {{"rules", rules}});
            CHECK(found.objects.empty());
            CHECK(found.labels == Volume<std::int32_t>(shape));
        }
    CHECK(label(imageOf<float>({discs<float>(shape, 100)}), {{"box_score", 1.0}}).objects.empty());
}

void tilesAndSections() {
    const Index shape{3, 150, 290};
    const MemoryImage image = imageOf<std::uint8_t>({discs<std::uint8_t>(shape, 250)});
    for (const char* rules : {"improved", "authors", "authors-1.1"}) {
        const auto tiled = label(image, {{"tile", 128}, {"rules", rules}});
        checkSound(tiled, shape);
        CHECK(tiled.parameters.at("tiles").get<int>() > 10);
        const auto whole = label(image, {{"tile", 0}, {"rules", rules}});
        checkSound(whole, shape);
        CHECK(whole.parameters.at("tiles") == 1);
    }
    CHECK_THROWS(label(image, {{"tile", 100}}), Error);
    // The sections are alike, so that objects go through all of them.
    const auto found = label(image, {{"tile", 0}});
    bool through = false;
    for (const auto& object : found.objects) through |= object.box.extent().z == 3;
    CHECK(through);
    // With lines between them, fewer pixels are left of the same objects.
    const auto count = [](const segment::PseudoLabels& of) {
        return std::count_if(of.labels.begin(), of.labels.end(), [](std::int32_t id) { return id != 0; });
    };
    CHECK(count(label(image, {{"tile", 0}, {"separate", true}})) < count(found));
    // Boxes are those of the whole image.
    const Box part{{1, 20, 30}, {2, 120, 200}};
    const auto inside = label(image, {}, part);
    checkSound(inside, part.extent());
    for (const auto& object : inside.objects) CHECK(part.contains(object.box));
    CHECK_THROWS(label(image, {}, {{0, 0, 0}, {4, 10, 10}}), Error);
}

void wrongWeights() {
    const MemoryImage image = imageOf<std::uint8_t>({discs<std::uint8_t>({1, 30, 30}, 250)});
    CHECK_THROWS(label(image, {{"weights", ""}}), Error);
    CHECK_THROWS(label(image, {{"weights", "/nowhere/cellsam.pt"}}), Error);
    const auto other = std::filesystem::temp_directory_path() / "fovea-tst-infer-cellsam" / "other.safetensors";
    nn::saveState(other, {{"model.image_encoder.pos_embed", at::zeros({1, 2, 2, 4})}});
    try {
        label(image, {{"weights", other.string()}});
        test::fail(__FILE__, __LINE__, "another network was taken");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Format);
        CHECK(std::string(error.what()).find("other.safetensors") != std::string::npos);
    }
}

// Its progress never goes back.
class StopAfter : public test::CancelAt {
  public:
    using Job::progress;
    using test::CancelAt::CancelAt;
    void progress(double done, double total, const Text&) override {
        CHECK(done / total >= last_ - 1e-9);
        last_ = done / total;
    }

  private:
    double last_ = 0;
};

void stopsAnywhere() {
    const MemoryImage image = imageOf<std::uint8_t>({discs<std::uint8_t>({2, 40, 60}, 250)});
    const Options options(labeler().options(), {{"weights", weightsFile()}, {"box_score", 0.0}});
    const segment::LabelRequest request{image, 0, Box::of(image.info().shape()), {}, options, "cpu", 1};
    StopAfter never(1000000);
    const auto whole = labeler().run(request, never);
    const int questions = 1000000 - never.left();
    CHECK(questions > 6);
    for (int n = 0; n < questions; n += std::max(1, questions / 8)) {
        StopAfter job(n);
        CHECK_THROWS(labeler().run(request, job), Cancelled);
    }
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    setThreadCount(1);  // how often a job is asked depends on it
    return {{"planesOfAnyImage", planesOfAnyImage},
            {"inputsOfOddShapes", inputsOfOddShapes},
            {"thresholdOfTheAuthors", thresholdOfTheAuthors},
            {"everyKindOfImage", everyKindOfImage},
            {"nothingToFind", nothingToFind},
            {"tilesAndSections", tilesAndSections},
            {"wrongWeights", wrongWeights},
            {"stopsAnywhere", stopsAnywhere}};
}
