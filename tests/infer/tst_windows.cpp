#include <ATen/Parallel.h>

#include <set>

#include "base/error.h"
#include "infer/sliding_window.h"
#include "infer/small_unet.h"
#include "nn/golden.h"
#include "nn/torch_test.h"
#include "nn/unet.h"

using namespace fovea;
using namespace fovea::infer;

namespace {

std::vector<plan::ChannelNorm> untouched(int channels) {
    return std::vector<plan::ChannelNorm>(std::size_t(channels), {-1e300, 1e300, 0, 1});
}

// (channels, z, y, x) float32 as an image.
ImagePtr imageOf(const torch::Tensor& x) {
    std::vector<AnyVolume> channels;
    for (const auto& channel : x.unbind(0)) {
        const auto plain = channel.contiguous();
        const Index shape{plain.size(0), plain.size(1), plain.size(2)};
        channels.push_back(AnyVolume::from(Volume<float>(
            shape, std::vector<float>(plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()))));
    }
    return std::make_shared<MemoryImage>(std::move(channels));
}

// Logits (K, z, y, x) of a part.
torch::Tensor slide(const ImageSource& image, const Box& frame, const Box& part, const Network& network,
                    const WindowOptions& options) {
    Job job;
    std::vector<torch::Tensor> sections;
    std::int64_t next = part.begin.z;
    slideWindows(
        image, frame, part, network, options, [](std::int64_t) { return true; },
        [&](std::int64_t z, const torch::Tensor& logits) {
            CHECK(z == next++);
            sections.push_back(logits.clone());
        },
        job);
    CHECK(next == part.end.z);
    return torch::stack(sections, 1);
}

torch::Tensor slide(const ImageSource& image, const Network& network, const WindowOptions& options) {
    const Box all = Box::of(image.info().shape());
    return slide(image, all, all, network, options);
}

Network networkOf(nn::UNet unet) {
    return [unet](const torch::Tensor& x) mutable { return unet->forward(x); };
}

WindowOptions optionsFor(int dims, Index patch, int channels) {
    WindowOptions options;
    options.dims = dims;
    options.patch = patch;
    options.norms = untouched(channels);
    return options;
}

void goldenStarts() {
    const auto folder = test::goldenFolder("nnunet");
    for (const auto& item : test::goldenCases(folder, "kind", "window_starts")) {
        const auto &rows = item.at("inputs").at("rows"), &starts = item.at("outputs").at("starts");
        CHECK(rows.size() == starts.size() && rows.size() > 20);
        for (std::size_t i = 0; i < rows.size(); ++i)
            CHECK(windowStarts(rows[i].at("image"), rows[i].at("tile"), rows[i].at("step")) ==
                  starts[i].get<std::vector<std::int64_t>>());
    }
}

void goldenTiles() {
    const auto folder = test::goldenFolder("nnunet");
    for (const auto& item : test::goldenCases(folder, "kind", "window_tiles")) {
        const auto &rows = item.at("inputs").at("rows"), &wanted = item.at("outputs").at("rows");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto image = rows[i].at("image").get<std::vector<std::int64_t>>();
            auto tile = rows[i].at("tile").get<std::vector<std::int64_t>>();
            const int dims = int(tile.size());
            if (dims == 2) tile.insert(tile.begin(), 1);
            const WindowGrid grid =
                planWindows(Box::of({image[0], image[1], image[2]}), {tile[0], tile[1], tile[2]}, dims, 0.5);
            const auto before = wanted[i].at("pad_before").get<std::vector<std::int64_t>>();
            const auto& starts = wanted[i].at("starts");  // in the padded image; without axis 0 when flat
            for (int a = 3 - dims; a < 3; ++a) {
                auto expected = starts.at(std::size_t(a - 3 + dims)).get<std::vector<std::int64_t>>();
                for (auto& s : expected) s -= before[std::size_t(a)];
                CHECK(grid.starts[a] == expected);
            }
            CHECK(grid.windows() == wanted[i].at("tiles").get<std::int64_t>() * (dims == 2 ? image[0] : 1));
        }
    }
}

void goldenGaussian() {
    const auto folder = test::goldenFolder("nnunet");
    int compared = 0;
    for (const auto& item : test::goldenCases(folder, "kind", "gaussian")) {
        const auto size = item.at("config").at("tile").get<std::vector<std::int64_t>>();
        const auto window =
            test::goldenTensors(folder / "inference.safetensors", item.at("id").get<std::string>() + "/").at("window");
        const auto weights = gaussianWeights(size);
        const auto got = torch::tensor(weights).view(size).to(torch::kFloat16).view(torch::kInt16).to(torch::kInt32);
        CHECK(torch::tensor(weights).view(size).equal(
            torch::tensor(weights).view(size).to(torch::kFloat16).to(torch::kFloat32)));
        CHECK((got - window.view(torch::kInt16).to(torch::kInt32)).abs().max().item<int>() <=
              1);  // units in the last place
        ++compared;
    }
    CHECK(compared >= 8);
}

void goldenProfiles() {
    const auto folder = test::goldenFolder("nnunet");
    for (const auto& item : test::goldenCases(folder, "kind", "gaussian_profile")) {
        const auto size = item.at("config").at("tile").get<std::vector<std::int64_t>>();
        const auto profiles =
            test::goldenTensors(folder / "inference.safetensors", item.at("id").get<std::string>() + "/");
        const auto weights = torch::tensor(gaussianWeights(size)).view(size);
        CHECK(weights.min().item<double>() == item.at("outputs").at("min").get<double>());
        CHECK_NEAR(weights.mean(torch::kFloat64).item<double>() / item.at("outputs").at("mean").get<double>(), 1, 1e-4);
        for (std::size_t a = 0; a < size.size(); ++a) {
            auto line = weights;
            for (std::size_t b = size.size(); b-- > 0;)
                if (b != a) line = line.select(std::int64_t(b), size[b] / 2);
            CHECK(test::excess(line, profiles.at("axis" + std::to_string(a)), 0) <= 0.008);
        }
    }
}

void goldenPredictions() {
    const auto folder = test::goldenFolder("nnunet");
    int compared = 0;
    for (const auto& item : test::goldenCases(folder, "kind", "sliding_window")) {
        const auto& config = item.at("config");
        const auto& architecture = config.at("architecture");
        std::vector<nn::UNet> folds;
        for (const auto& weights : config.at("weights")) {
            folds.push_back(nn::UNet(
                nn::topologyFromArchitecture(architecture, config.at("input_channels"), config.at("output_channels"))));
            test::hashWeights(*folds.back(), weights.at("key_base").get<std::uint64_t>());
        }
        const Network network = [&](const torch::Tensor& x) {
            torch::Tensor sum;
            for (auto& fold : folds) sum = sum.defined() ? sum + fold->forward(x) : fold->forward(x);
            return sum / double(folds.size());
        };
        auto patch = config.at("patch_size").get<std::vector<std::int64_t>>();
        const int dims = int(patch.size());
        if (dims == 2) patch.insert(patch.begin(), 1);
        WindowOptions options = optionsFor(dims, {patch[0], patch[1], patch[2]}, config.at("input_channels"));
        options.step = config.at("step");
        options.gaussian = config.at("gaussian");
        options.batch = 2;
        if (!config.at("mirror_axes").is_null()) options.mirrorAxes = config.at("mirror_axes").get<std::vector<int>>();
        const auto image = imageOf(test::recipeTensor(item.at("inputs").at("x")));
        const auto wanted =
            test::goldenTensors(folder / "inference.safetensors", item.at("id").get<std::string>() + "/")
                .at("logits_float32");
        CHECK(test::excess(slide(*image, network, options), wanted, 0) <= 2e-4);
        ++compared;
    }
    CHECK(compared >= 7);
}

void oneWindowIsTheNetwork() {
    const torch::NoGradGuard off;
    nn::UNet unet = smallUNet(3);
    const auto x = torch::rand({1, 4, 8, 8});
    const auto logits = slide(*imageOf(x), networkOf(unet), optionsFor(3, {4, 8, 8}, 1));
    CHECK(logits.allclose(unet->forward(x.unsqueeze(0))[0], 1e-5, 1e-5));
}

void constantStaysConstant() {
    const Network network = [](const torch::Tensor& x) {
        return torch::tensor({1.5f, -2.0f})
            .view({1, 2, 1, 1, 1})
            .expand({x.size(0), 2, x.size(2), x.size(3), x.size(4)})
            .clone();
    };
    const auto logits = slide(*imageOf(torch::rand({1, 9, 21, 30})), network, optionsFor(3, {4, 8, 8}, 1));
    CHECK((logits[0] - 1.5).abs().max().item<double>() < 1e-5);
    CHECK((logits[1] + 2.0).abs().max().item<double>() < 1e-5);
}

void oddShapes() {
    for (const Index shape : {Index{1, 1, 1}, Index{1, 5, 40}, Index{3, 1, 7}, Index{2, 40, 3}}) {
        const auto x = torch::rand({1, shape.z, shape.y, shape.x});
        const auto flat = slide(*imageOf(x), networkOf(smallUNet(2)), optionsFor(2, {1, 16, 16}, 1));
        CHECK(flat.sizes() == torch::IntArrayRef({3, shape.z, shape.y, shape.x}));
        const auto solid = slide(*imageOf(x), networkOf(smallUNet(3)), optionsFor(3, {4, 8, 8}, 1));
        CHECK(solid.sizes() == torch::IntArrayRef({3, shape.z, shape.y, shape.x}));
    }
}

void partsMakeTheWhole() {
    const auto image = imageOf(torch::rand({1, 11, 30, 26}));
    const Box all = Box::of(image->info().shape());
    const auto network = networkOf(smallUNet(3));
    WindowOptions options = optionsFor(3, {4, 8, 8}, 1);
    const auto whole = slide(*image, network, options);
    for (const Box part : {Box{{0, 0, 0}, {11, 13, 26}}, Box{{0, 13, 0}, {11, 30, 26}}, Box{{4, 7, 9}, {5, 8, 10}}}) {
        const auto piece = slide(*image, all, part, network, options);
        const auto n = part.extent();
        CHECK(
            piece.equal(whole.narrow(1, part.begin.z, n.z).narrow(2, part.begin.y, n.y).narrow(3, part.begin.x, n.x)));
    }
    // Only the wanted sections, the same bits.
    Job job;
    std::set<std::int64_t> seen;
    slideWindows(
        *image, all, all, network, options, [](std::int64_t z) { return z == 2 || z == 10; },
        [&](std::int64_t z, const torch::Tensor& logits) {
            CHECK(logits.equal(whole.select(1, z)));
            seen.insert(z);
        },
        job);
    CHECK(seen == (std::set<std::int64_t>{2, 10}));
}

void memoryIsHalvedIntoSmallerBatches() {
    std::int64_t largest = 0;
    const Network network = [&](const torch::Tensor& x) {
        if (x.size(0) > 2) torch::empty({std::int64_t(1) << 45});
        largest = std::max(largest, x.size(0));
        return torch::cat({x, x}, 1);
    };
    WindowOptions options = optionsFor(3, {4, 8, 8}, 1);
    options.batch = 8;
    const auto x = torch::rand({1, 4, 24, 24});
    CHECK(slide(*imageOf(x), network, options)[1].allclose(x[0], 1e-4, 1e-5));
    CHECK(largest == 2);
    const Network hungry = [](const torch::Tensor&) { return torch::empty({std::int64_t(1) << 45}); };
    CHECK_THROWS(slide(*imageOf(x), hungry, options), Error);
}

void normalisationAndChannels() {
    AnyVolume a(DType::U16, {1, 1, 3}), b(DType::U16, {1, 1, 3});
    for (int i = 0; i < 3; ++i) a.as<std::uint16_t>()[i] = std::uint16_t(1000 * i), b.as<std::uint16_t>()[i] = 7;
    const MemoryImage image({a, b});
    torch::Tensor seen;
    const Network network = [&](const torch::Tensor& x) { return seen = x.clone(); };
    WindowOptions options = optionsFor(2, {1, 1, 3}, 2);
    options.norms = {{0, 1500, 500, 0.01}, {0, 10, 7, 1}};
    slide(image, network, options);
    CHECK(seen.equal(torch::tensor({-5.0f, 5.0f, 10.0f, 0.0f, 0.0f, 0.0f}).view({1, 2, 1, 3})));
    options.norms = untouched(3);
    CHECK_THROWS(slide(image, network, options), Error);
    options.norms = untouched(1);
    const Box outside{{0, 0, 0}, {1, 1, 4}};
    CHECK_THROWS(slide(image, outside, outside, network, options), Error);
    options.step = 0;
    CHECK_THROWS(slide(image, network, options), Error);
}

void notANumberIsAnError() {
    const Network network = [](const torch::Tensor& x) { return torch::cat({x, x}, 1) / 0.0; };
    CHECK_THROWS(slide(*imageOf(torch::zeros({1, 4, 8, 8})), network, optionsFor(3, {4, 8, 8}, 1)), Error);
}

// Spec section 5.2: where only a window's corner counts, its weight is the least that float16 knows, and logits become
// whole numbers.
void halfSumsRoundAsNnunets() {
    const Network constant = [](const torch::Tensor& x) { return torch::full_like(x, 5.3); };
    WindowOptions options = optionsFor(3, {32, 32, 32}, 1);
    const auto image = imageOf(torch::zeros({1, 48, 40, 40}));
    const torch::Tensor exact = slide(*image, constant, options);
    CHECK((exact - 5.3).abs().max().item<float>() < 1e-4);
    options.halfSums = true;
    const torch::Tensor half = slide(*image, constant, options);
    CHECK(half.scalar_type() == torch::kFloat32);
    CHECK(half[0][0][0][0].item<float>() == 5 && half[0][47][39][39].item<float>() == 5);
    CHECK((half - 5.3).slice(1, 12, 36).slice(2, 12, 28).slice(3, 12, 28).abs().max().item<float>() < 0.02);
}

void stopsWhenCancelled() {
    class Counting : public CancelFlag {
      public:
        using Job::progress;
        void progress(double done, double total, const Text&) override { share = done / total; }
        void yield() override {
            if (++yields == 3) cancel();
        }
        int yields = 0;
        double share = 0;
    } job;
    const auto image = imageOf(torch::rand({1, 8, 16, 16}));
    const Box all = Box::of(image->info().shape());
    CHECK_THROWS(slideWindows(
                     *image, all, all, networkOf(smallUNet(3)), optionsFor(3, {4, 8, 8}, 1),
                     [](std::int64_t) { return true; }, [](std::int64_t, const torch::Tensor&) {}, job),
                 Cancelled);
    CHECK(job.yields == 3 && job.share > 0 && job.share < 1);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    at::set_num_threads(1);
    return {{"goldenStarts", goldenStarts},
            {"goldenTiles", goldenTiles},
            {"goldenGaussian", goldenGaussian},
            {"goldenProfiles", goldenProfiles},
            {"goldenPredictions", goldenPredictions},
            {"oneWindowIsTheNetwork", oneWindowIsTheNetwork},
            {"constantStaysConstant", constantStaysConstant},
            {"oddShapes", oddShapes},
            {"partsMakeTheWhole", partsMakeTheWhole},
            {"memoryIsHalvedIntoSmallerBatches", memoryIsHalvedIntoSmallerBatches},
            {"normalisationAndChannels", normalisationAndChannels},
            {"notANumberIsAnError", notANumberIsAnError},
            {"halfSumsRoundAsNnunets", halfSumsRoundAsNnunets},
            {"stopsWhenCancelled", stopsWhenCancelled}};
}
