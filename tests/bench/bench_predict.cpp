#include <ATen/ops/argmax.h>
#include <ATen/ops/stack.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "bench/bench_network.h"
#include "bench/benches.h"
#include "infer/predictor.h"
#include "nn/unet.h"
#include "nnunet/predictor.h"
#include "plan/export_prediction.h"
#include "plan/nnunet/plans_file.h"

// nnU-Net's sliding window: half a patch a step, Gaussian weights, no mirroring, logits of the whole volume.
namespace fovea::bench {

namespace {

constexpr Index modest3d{16, 128, 128}, modest2d{1, 512, 512};
const std::string configuration = "3d_fullres";

ImagePtr noise(Index shape) {
    Rng rng(1);
    Volume<float> volume(shape);
    for (float& value : volume) value = float(rng.normal());
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
}

struct Predicted {
    at::Tensor logits;  // (K, z, y, x)
    std::int64_t windows = 0;
};

// A network with weights of its own, the same ones at every call.
class Prediction {
  public:
    Prediction(Index patch, int dims, const nn::Compute& compute, const std::string& device)
        : network_(infer::networkOf(nn::UNet(plannedNetwork(patch, dims)), device, compute)) {
        options_.device = device;
        options_.dims = dims;
        options_.patch = patch;
        options_.norms = {{-1e300, 1e300, 0, 1}};
        options_.compute = compute;
    }

    Predicted of(const ImageSource& image) const {
        const Box all = Box::of(image.info().shape());
        std::vector<at::Tensor> sections;
        std::int64_t windows = 0;
        const infer::Network counted = [&](const at::Tensor& x) { return windows += x.size(0), network_(x); };
        Job job;
        infer::slideWindows(
            image, all, all, counted, options_, [](std::int64_t) { return true; },
            [&](std::int64_t, const at::Tensor& section) { sections.push_back(section.to(at::kCPU)); }, job);
        return {at::stack(sections, 1), windows};
    }

  private:
    infer::WindowOptions options_;
    infer::Network network_;
};

Facts factsOf(const Predicted& predicted, Index patch, const nn::Compute& compute) {
    const auto shape = predicted.logits.sizes();
    Facts facts;
    facts.work = "1 x " + toString(Index{shape[1], shape[2], shape[3]}) + " -> 3 logit maps, " +
                 std::to_string(predicted.windows) + " windows of " + toString(patch) +
                 ", step 0.5, Gaussian weights, no mirroring; " + nn::toJson(compute).dump();
    facts.rates = {{"voxels/s", shape[1] * shape[2] * shape[3]}};
    facts.check = {{"shape", shape.vec()}, {"tiles", predicted.windows}};
    return facts;
}

nn::Compute inFloat(const Run& run) {
    nn::Compute compute;
    compute.threads = run.settings().threads;
    return compute;
}

void predictFloat(Run& run, Index patch, int dims, Index shape) {
    const ImagePtr image = noise(shape);
    const nn::Compute compute = inFloat(run);
    const Prediction prediction(patch, dims, compute, run.settings().device);
    Predicted predicted;
    run.measure([&] { predicted = prediction.of(*image); }, [&] { return factsOf(predicted, patch, compute); });
}

nn::Compute chosen(const Run& run, Index patch, int dims) {
    Job job;
    return nn::chooseCompute(plannedNetwork(patch, dims), axesOf(patch, dims), 1, false, run.settings().device,
                             run.settings().threads, job)
        .compute;
}

// Mean over the classes that one of them has somewhere.
double dice(const at::Tensor& a, const at::Tensor& b, std::int64_t classes) {
    double sum = 0;
    int seen = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
        const at::Tensor inA = a == k, inB = b == k;
        const double size = (inA.sum() + inB.sum()).item<double>();
        if (size == 0) continue;
        sum += 2 * (inA & inB).sum().item<double>() / size;
        ++seen;
    }
    return seen > 0 ? sum / seen : 1;
}

// As Fovea would predict by itself on this machine, and what that does to the labels.
void predictChosen(Run& run, Index patch, int dims, Index shape) {
    const nn::Compute compute = chosen(run, patch, dims);
    if (compute.dtype != "bfloat16") return run.skip("this device is not faster with bfloat16");
    const ImagePtr image = noise(shape);
    const Prediction prediction(patch, dims, compute, run.settings().device);
    Predicted predicted;
    run.measure([&] { predicted = prediction.of(*image); },
                [&] {
                    Facts facts = factsOf(predicted, patch, compute);
                    const at::Tensor exact =
                        Prediction(patch, dims, inFloat(run), run.settings().device).of(*image).logits;
                    facts.check["dice_with_float32"] = dice(predicted.logits.argmax(0), exact.argmax(0), exact.size(0));
                    facts.note = "random weights: classes are close, so the Dice is a lower bound";
                    return facts;
                });
}

// A model as it would be loaded, with random weights.
nn::TrainedModel model() {
    const nn::Topology topology = plannedNetwork(modest3d, 3);
    plan::nnunet::ConfigurationEntry entry;
    entry.dataIdentifier = "bench";
    entry.patch = axesOf(modest3d, 3);
    entry.median = {256, 1024, 1024};
    entry.spacing = {50, 4.6, 4.6};
    entry.normalisations = {"ZScoreNormalization"};
    entry.masked = {false};
    entry.architecture = nn::toArchitecture(topology);
    return {plan::nnunet::PlansFile(
                {{"transpose_forward", {0, 1, 2}}, {"configurations", {{configuration, toJson(entry)}}}}),
            plan::nnunet::datasetFromJson({{"channel_names", {{"0", "EM"}}},
                                           {"labels", {{"background", 0}, {"a", 1}, {"b", 2}}},
                                           {"numTraining", 1},
                                           {"file_ending", ".tif"}}),
            configuration,
            {"all"},
            {nn::UNet(topology)},
            {}};
}

// From a preprocessed volume in memory to labels, as a case of `fovea nnunet predict` is: what counts is the memory.
void predictLarge(Run& run) {
    const Index shape{256, 1024, 1024};
    setThreadCount(run.settings().threads);
    Job job;
    nnunet::PredictOptions options;
    options.mirror = false;
    options.device = run.settings().device;
    options.compute = chosen(run, modest3d, 3);
    const nn::TrainedModel trained = model();
    const nnunet::Predictor predictor(trained, options);
    const std::filesystem::path scratch = run.settings().inputs / "predict_large.work";
    const nnunet::PreparedCase one{noise(shape), {{50, 4.6, 4.6}, shape, Box::of(shape), {}}, scratch, {}};
    Volume<std::uint16_t> labels;
    run.measureOnce(
        [&] {
            predictor.predict(one, job, [&](const plan::Prediction& prediction) {
                labels = plan::exportedLabels(prediction, one.properties, predictor.rule(), job);
            });
        },
        [&] {
            Facts facts;
            facts.work = toString(shape) + " float in memory (part of the peak) -> labels, logits on disk; " +
                         nn::toJson(options.compute).dump();
            facts.rates = {{"voxels/s", shape.count()}};
            facts.check = {{"shape", {labels.shape().z, labels.shape().y, labels.shape().x}}};
            return facts;
        });
}

constexpr Index small3d{20, 256, 256}, small2d{1, 1024, 1024};

}  // namespace

std::vector<Case> predictCases() {
    return {{"predict_3d_20x256x256", "Sliding window with the modest 3D network, float32",
             [](Run& run) { predictFloat(run, modest3d, 3, small3d); }},
            {"predict_3d_20x256x256_bf16", "The same as Fovea chooses to compute it",
             [](Run& run) { predictChosen(run, modest3d, 3, small3d); }},
            {"predict_2d_1x1024x1024", "Sliding window with the 2D network, float32",
             [](Run& run) { predictFloat(run, modest2d, 2, small2d); }},
            {"predict_2d_1x1024x1024_bf16", "The same as Fovea chooses to compute it",
             [](Run& run) { predictChosen(run, modest2d, 2, small2d); }},
            {"predict_3d_256x1024x1024", "Peak memory of a large volume, preprocessed to labels; about an hour",
             predictLarge, false}};
}

}  // namespace fovea::bench
