// What a GPU computes, where there is one, against what a processor does.
#include <torch/torch.h>

#include "base/file.h"
#include "infer/cellsam_labeler.h"
#include "infer/discs.h"
#include "infer/features.h"
#include "infer/predictor.h"
#include "infer/sam_model.h"
#include "infer/sam_prompts.h"
#include "infer/sliding_window.h"
#include "infer/small_unet.h"
#include "nn/gpu_device.h"
#include "nn/mae.h"
#include "nn/tiny_cellsam.h"
#include "nn/tiny_sam.h"
#include "nn/torch_test.h"

using namespace fovea;
using namespace fovea::infer;
using namespace fovea::test;

namespace {

ImagePtr pictureOf(const Volume<float>& volume) {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
}

// The largest deviation as a share of the largest value.
double deviation(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a.cpu() - b.cpu()).abs().max() / b.abs().max().cpu()).item<double>();
}

torch::Tensor slid(int dims, const std::string& device, const std::string& dtype, std::int64_t batch) {
    WindowOptions options;
    options.dims = dims;
    options.patch = dims == 2 ? Index{1, 32, 32} : Index{8, 32, 32};
    options.norms = {{-1e300, 1e300, 100, 0.01}};
    options.mirrorAxes = {0, 1};
    options.batch = batch;
    options.device = device;
    options.compute.dtype = dtype;
    const ImagePtr image = pictureOf(discs({11, 50, 70}));
    const Box all = Box::of(image->info().shape());
    std::vector<torch::Tensor> sections;
    Job job;
    slideWindows(
        *image, all, all, networkOf(smallUNet(dims), device, options.compute), options,
        [](std::int64_t) { return true; },
        [&](std::int64_t, const torch::Tensor& logits) { sections.push_back(logits.cpu()); }, job);
    return torch::stack(sections, 1);
}

void windowsAgree() {
    const std::string device = gpu();
    for (const int dims : {2, 3}) {
        const torch::Tensor want = slid(dims, "cpu", "float32", 1);
        for (const std::int64_t batch : {1, 3}) {
            CHECK(deviation(slid(dims, device, "float32", batch), want) < 5e-3);  // TF32
            CHECK(deviation(slid(dims, device, "bfloat16", batch), want) < 5e-2);
            CHECK(deviation(slid(dims, device, "float16", batch), want) < 1e-2);
        }
    }
}

void samAgrees() {
    const std::string device = gpu();
    const file::TempFolder folder;
    const auto weights = folder.path() / "tiny.safetensors";
    test::writeTinySam(weights);
    const SamModel here(weights, "cpu", 1), there(weights, device, 1);
    const Volume<float> picture = discs({1, 50, 70});
    Job job;
    const torch::Tensor want = here.embed(picture, job), have = there.embed(picture, job);
    CHECK(have.is_cuda() && have.scalar_type() == torch::kFloat && deviation(have, want) < 2e-2);
    SamPrompt prompt;
    prompt.points = {{{0, 12, 12}, true}, {{0, 2, 30}, false}};
    prompt.box = {{0, 4, 4}, {1, 40, 40}};
    prompt.mask = Volume<std::uint8_t>(picture.shape());
    prompt.mask(0, 12, 12) = 1;
    for (const bool ambiguous : {false, true}) {
        const auto a = here.predict(want, picture.shape(), prompt, ambiguous);
        const auto b = there.predict(want, picture.shape(), prompt, ambiguous);
        CHECK(a.size() == b.size());
        for (std::size_t m = 0; m < a.size(); ++m) {
            CHECK_NEAR(a[m].iou, b[m].iou, 1e-3);
            std::int64_t differ = 0;
            for (std::int64_t i = 0; i < a[m].mask.size(); ++i) differ += a[m].mask.data()[i] != b[m].mask.data()[i];
            CHECK(double(differ) < 0.01 * double(picture.size()));
        }
    }
}

void promptsAreAnswered() {
    const std::string device = gpu();
    const file::TempFolder folder;
    SamPromptOptions options;
    options.weights = folder.path() / "tiny.safetensors", options.device = device, options.threads = 1;
    test::writeTinySam(options.weights);
    segment::PromptRequest request;
    request.image = discs({5, 48, 60});
    request.points = {{{2, 12, 12}, true}};
    request.slice = 2;
    Job job;
    CHECK(samEngine(options)->run(request, job).mask(2, 12, 12) == 1);
}

void cellSamLabels() {
    const std::string device = gpu();
    const file::TempFolder folder;
    const auto weights = folder.path() / "cellsam.safetensors";
    test::writeTinyCellSam(weights);
    const auto engine = cellSamLabeler();
    const ImagePtr image = pictureOf(discs({2, 60, 70}));
    const nlohmann::json options = {{"weights", weights.string()}, {"box_score", 0.0}};
    Job job;
    const auto found =
        engine->run({*image, 0, Box::of({2, 60, 70}), {}, Options(engine->options(), options), device, 1}, job);
    CHECK((found.labels.shape() == Index{2, 60, 70}));
}

void featuresAgree() {
    const std::string device = gpu();
    nn::MaeConfig config;
    config.imageSize = 32, config.patchSize = 8;
    config.width = 24, config.depth = 1, config.heads = 2;
    config.decoderWidth = 16, config.decoderDepth = 1, config.decoderHeads = 2;
    const ImagePtr image = pictureOf(discs({1, 64, 64}));
    const std::vector<Patch> patches{{"a", {{0, 0, 0}, {1, 32, 32}}}, {"a", {{0, 20, 30}, {1, 52, 62}}}};
    Job job;
    const auto table = [&](const std::string& where, const std::string& dtype) {
        FeatureOptions options;
        options.device = where, options.compute.dtype = dtype;
        return maeFeatures(nn::Mae(config, 3), patches, [&](const std::string&) { return image; }, options, job);
    };
    const FeatureTable want = table("cpu", "float32"), have = table(device, "float16");
    CHECK(want.values.size() == have.values.size());
    for (std::size_t i = 0; i < want.values.size(); ++i) CHECK_NEAR(want.values[i], have.values[i], 2e-2);
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    return {{"windows agree", windowsAgree},
            {"SAM agrees", samAgrees},
            {"prompts are answered", promptsAreAnswered},
            {"CellSAM labels", cellSamLabels},
            {"features agree", featuresAgree}};
}
