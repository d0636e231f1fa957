#include <ATen/Parallel.h>

#include "base/error.h"
#include "infer/features.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::infer;

namespace {

nn::Mae tinyMae() {
    nn::MaeConfig c;
    c.imageSize = 32, c.patchSize = 8;
    c.width = 24, c.depth = 2, c.heads = 3;
    c.decoderWidth = 16, c.decoderDepth = 1, c.decoderHeads = 2;
    return nn::Mae(c, 2);
}

nn::UNet tinyUNet(int dims) {
    nn::Topology t;
    t.dims = dims;
    t.features = {3, 5};
    t.kernels.assign(2, nn::Sizes(std::size_t(dims), 3));
    t.strides = {nn::Sizes(std::size_t(dims), 1), nn::Sizes(std::size_t(dims), 2)};
    t.encoderConvs = {1, 1};
    t.decoderConvs = {1};
    return nn::UNet(t, 4);
}

// Left half fine stripes, right half even.
ImagePtr halves() {
    Volume<std::uint16_t> volume({6, 64, 128}, 100);
    for (std::int64_t z = 0; z < 6; ++z)
        for (std::int64_t y = 0; y < 64; ++y)
            for (std::int64_t x = 0; x < 64; ++x) volume(z, y, x) = std::uint16_t(y / 4 % 2 == 0 ? 250 : 5);
    return std::make_shared<MemoryImage>(std::vector{AnyVolume::from(volume)});
}

double cosine(const FeatureTable& t, std::int64_t a, std::int64_t b) {
    double ab = 0, aa = 0, bb = 0;
    for (std::int64_t i = 0; i < t.dim; ++i) {
        const double x = t.values[std::size_t(a * t.dim + i)], y = t.values[std::size_t(b * t.dim + i)];
        ab += x * y, aa += x * x, bb += y * y;
    }
    return ab / std::sqrt(aa * bb);
}

const std::vector<Patch> patches{{"a", {{0, 0, 0}, {6, 64, 64}}},
                                 {"a", {{2, 0, 0}, {4, 64, 64}}},
                                 {"a", {{0, 0, 64}, {6, 64, 128}}},
                                 {"a", {{5, 63, 127}, {6, 64, 128}}},
                                 {"a", {{0, 0, 0}, {1, 64, 128}}}};

void maeTellsTexturesApart() {
    Job job;
    const auto image = halves();
    const auto of = [&](const std::string&) { return image; };
    const FeatureTable table = maeFeatures(tinyMae(), patches, of, {}, job);
    CHECK(table.patches == patches && table.dim == 24 && table.source == "mae");
    CHECK(table.values.size() == patches.size() * 24);
    CHECK(cosine(table, 0, 1) > 0.9999);  // the same stripes in every section
    CHECK(cosine(table, 0, 2) < 0.999);
    for (float v : table.values) CHECK(std::isfinite(v));
    // Neither the grouping nor the repetition changes anything but rounding.
    FeatureOptions other;
    other.batch = 1;
    const FeatureTable again = maeFeatures(tinyMae(), patches, of, other, job);
    for (std::size_t i = 0; i < table.values.size(); ++i) CHECK_NEAR(table.values[i], again.values[i], 1e-5);
}

void unetTellsTexturesApart() {
    Job job;
    const auto image = halves();
    const auto of = [&](const std::string&) { return image; };
    const auto norms = [](const std::string&) { return std::vector<plan::ChannelNorm>{{0, 65535, 50, 0.01}}; };
    for (int dims : {2, 3}) {
        const FeatureTable table = unetFeatures(tinyUNet(dims), patches, of, norms, {2, 32, 32}, {}, job);
        CHECK(table.dim == 16 && table.values.size() == patches.size() * 16 && table.source == "unet");
        CHECK(cosine(table, 0, 2) < 0.9999);
        for (float v : table.values) CHECK(std::isfinite(v));
    }
}

void wrongPatchesAndChannels() {
    Job job;
    const auto image = halves();
    const auto of = [&](const std::string&) { return image; };
    CHECK_THROWS(maeFeatures(tinyMae(), {{"a", {{0, 0, 0}, {7, 64, 64}}}}, of, {}, job), Error);
    CHECK_THROWS(maeFeatures(tinyMae(), {{"a", {{0, 0, 0}, {0, 64, 64}}}}, of, {}, job), Error);
    nn::MaeConfig two = tinyMae()->config();
    two.ranges = {{0, 1}, {0, 1}};
    CHECK_THROWS(maeFeatures(nn::Mae(two), patches, of, {}, job), Error);
    CHECK(maeFeatures(tinyMae(), {}, of, {}, job).patches.empty());
    CancelFlag cancelled;
    cancelled.cancel();
    CHECK_THROWS(maeFeatures(tinyMae(), patches, of, {}, cancelled), Cancelled);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"maeTellsTexturesApart", maeTellsTexturesApart},
            {"unetTellsTexturesApart", unetTellsTexturesApart},
            {"wrongPatchesAndChannels", wrongPatchesAndChannels}};
}
