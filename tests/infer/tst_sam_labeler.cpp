#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "infer/sam_labeler.h"
#include "nn/tiny_sam.h"
#include "nn/torch_test.h"
#include "support/cancel_at.h"

using namespace fovea;
using namespace fovea::infer;
using segment::PseudoLabeler;
using segment::PseudoLabels;

// The weights are random: what is tested holds whatever the networks say.
namespace {

const file::TempFolder& folder() {
    static const file::TempFolder one;
    return one;
}

std::string weightsFile(bool decoder) {
    const auto path = folder().path() / (decoder ? "both.pt" : "sam.safetensors");
    if (!std::filesystem::exists(path)) decoder ? test::writeTinyMicroSam(path) : test::writeTinySam(path);
    return path.string();
}

std::shared_ptr<const PseudoLabeler> labeler(bool decoder) { return decoder ? microSamLabeler() : samLabeler(); }

MemoryImage discs(Index shape) {
    Volume<std::uint16_t> image(shape);
    Rng rng(1);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                const double dy = double(y % 24) - 12, dx = double(x % 24) - 12;
                image(z, y, x) = std::uint16_t((dy * dy + dx * dx < 60 ? 20000 : 4000) + 500 * rng.uniform());
            }
    return MemoryImage({AnyVolume::from(image)});
}

PseudoLabels label(bool decoder, const ImageSource& image, nlohmann::json options = nlohmann::json::object(),
                   Box box = {}, int channel = 0) {
    const auto one = labeler(decoder);
    if (!options.contains("sam_weights")) options["sam_weights"] = weightsFile(decoder);
    options["sam_min_pixels"] = 2;
    if (!decoder) options["sam_points"] = 4, options["sam_iou"] = 0.0, options["sam_stability"] = 0.0;
    if (decoder) options["sam_centre"] = 0.9, options["sam_boundary"] = 0.9;
    if (box.empty()) box = Box::of(image.info().shape());
    Job job;
    return one->run({image, channel, box, {}, Options(one->options(), options), "cpu", 1}, job);
}

void checkConsistent(const PseudoLabels& found, const Box& box) {
    CHECK(found.labels.shape() == box.extent());
    std::vector<std::int64_t> voxels(found.objects.size());
    for (const std::int32_t id : found.labels) {
        CHECK(id >= 0 && id <= std::int32_t(voxels.size()));
        if (id > 0) ++voxels[std::size_t(id - 1)];
    }
    for (std::size_t i = 0; i < voxels.size(); ++i) {
        CHECK(found.objects[i].id == std::int32_t(i + 1) && found.objects[i].voxels == voxels[i] && voxels[i] > 0);
        CHECK(found.objects[i].confidence >= 0 && found.objects[i].confidence <= 1);
        CHECK(box.contains(found.objects[i].box));
    }
}

void sectionsAndParts() {
    const MemoryImage image = discs({3, 48, 60});
    for (const bool decoder : {false, true}) {
        checkConsistent(label(decoder, image), Box::of({3, 48, 60}));
        const Box part{{1, 10, 12}, {3, 40, 55}};
        const PseudoLabels found = label(decoder, image, nlohmann::json::object(), part);
        checkConsistent(found, part);
        CHECK(found.labels == label(decoder, image, nlohmann::json::object(), part).labels);
    }
}

void tiles() {
    const MemoryImage image = discs({1, 30, 1100});
    for (const bool decoder : {false, true}) checkConsistent(label(decoder, image), Box::of({1, 30, 1100}));
}

void nothingToSee() {
    const MemoryImage image({AnyVolume::from(Volume<std::uint8_t>({2, 20, 20}, 9))});
    for (const bool decoder : {false, true}) CHECK(label(decoder, image).objects.empty());
    const MemoryImage pixel({AnyVolume::from(Volume<float>({1, 1, 1}, 1.0F))});
    for (const bool decoder : {false, true}) CHECK(label(decoder, pixel).objects.empty());
}

void wrongInput() {
    const MemoryImage image = discs({1, 30, 30});
    for (const bool decoder : {false, true}) {
        CHECK_THROWS(label(decoder, image, {{"sam_weights", ""}}), Error);
        CHECK_THROWS(label(decoder, image, {{"sam_weights", "none.pth"}}), Error);
        CHECK_THROWS(label(decoder, image, nlohmann::json::object(), {{0, 0, 0}, {1, 30, 31}}), Error);
        CHECK_THROWS(label(decoder, image, nlohmann::json::object(), {}, 1), Error);
    }
    CHECK_THROWS(label(true, image, {{"sam_weights", weightsFile(false)}}), Error);  // has no decoder
    const auto apart = folder().path() / "apart.pt";
    std::filesystem::copy_file(weightsFile(false), apart);
    CHECK_THROWS(label(true, image, {{"sam_weights", apart.string()}}), Error);
    std::filesystem::copy_file(weightsFile(true), folder().path() / "apart_decoder.pt");
    checkConsistent(label(true, image, {{"sam_weights", apart.string()}}), Box::of({1, 30, 30}));
    checkConsistent(label(false, image, {{"sam_weights", weightsFile(true)}}), Box::of({1, 30, 30}));
}

void stops() {
    const MemoryImage image = discs({2, 30, 30});
    for (const bool decoder : {false, true})
        for (const int checks : {0, 1, 2, 3, 5}) {
            const auto one = labeler(decoder);
            test::CancelAt job(checks);
            CHECK_THROWS(one->run({image,
                                   0,
                                   Box::of({2, 30, 30}),
                                   {},
                                   Options(one->options(), {{"sam_weights", weightsFile(decoder)}}),
                                   "cpu",
                                   1},
                                  job),
                         Cancelled);
        }
}

}  // namespace

std::vector<test::NamedTest> test::tests() {
    return {{"sections and parts", sectionsAndParts},
            {"tiles", tiles},
            {"nothing to see", nothingToSee},
            {"wrong input", wrongInput},
            {"stops", stops}};
}
