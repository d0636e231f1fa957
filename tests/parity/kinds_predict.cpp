#include <torch/torch.h>

#include "infer/predictor.h"
#include "nn/trained_model.h"
#include "parity/array_recipes.h"
#include "parity/kinds.h"
#include "parity/label_recipes.h"
#include "parity/torch_arrays.h"
#include "plan/export_prediction.h"

// A folder that nnU-Net's own training left, from a stored image to labels, as a user would do it.
namespace fovea::parity {

namespace {

std::vector<std::string> foldNames(const json& folds) {
    std::vector<std::string> names;
    for (const json& fold : folds) names.push_back(fold.is_string() ? fold.get<std::string>() : fold.dump());
    return names;
}

// (K, z, y, x) on the network's grid.
at::Tensor logitsOf(const nn::TrainedModel& model, const std::vector<Volume<float>>& channels,
                    const GoldenCase& golden) {
    const std::vector<std::int64_t> patch =
        wholeNumbers(json(model.plans.configuration(model.configuration).at("patch_size")));
    infer::WindowOptions options;
    options.dims = int(patch.size());
    options.patch = indexOf(json(patch), 1);
    options.step = realNumber(golden.option("step"));
    if (golden.option("mirroring").get<bool>()) options.mirrorAxes = {model.mirrorAxes.begin(), model.mirrorAxes.end()};
    std::vector<AnyVolume> volumes;
    for (const Volume<float>& channel : channels) {
        volumes.push_back(AnyVolume::from(channel));
        options.norms.push_back({-1e300, 1e300, 0, 1});  // they are normalised
    }
    options.halfSums = true;  // as the reference
    const MemoryImage image(std::move(volumes));
    const Box all = Box::of(image.info().shape());
    at::Tensor sum;  // of the folds, as the reference adds them
    for (const nn::UNet& network : model.networks) {
        std::vector<at::Tensor> sections;
        Job job;
        infer::slideWindows(
            image, all, all, infer::networkOf(network, "cpu", {}), options, [](std::int64_t) { return true; },
            [&](std::int64_t, const at::Tensor& logits) { sections.push_back(logits.to(at::kHalf)); }, job);
        const at::Tensor logits = torch::stack(sections, 1);
        sum = sum.defined() ? sum + logits : logits;
    }
    return (sum / double(model.networks.size())).to(at::kFloat).contiguous();
}

// Voxels whose label differs though the expected probabilities of the first two differ by more than `margin`.
std::int64_t clearlyWrong(const GoldenCase& golden, const Volume<std::uint16_t>& labels, double margin) {
    const std::string prefix = golden.outputs.at("tensors").get<std::string>();
    const at::Tensor want = toTorch(tensorAt(golden.folder, prefix + "/segmentation")).flatten();
    const at::Tensor probabilities = toTorch(tensorAt(golden.folder, prefix + "/probabilities")).flatten(1);
    const at::Tensor two = std::get<0>(probabilities.topk(2, 0));
    const at::Tensor got = torch::tensor(std::vector<std::int64_t>(labels.begin(), labels.end()));
    return (got != want).logical_and(two[0] - two[1] > margin).sum().item<std::int64_t>();
}

Verdict modelPredict(const GoldenCase& golden) {
    const nn::TrainedModel model =
        nn::loadTrainedModel(golden.folder / golden.option("model").get<std::string>(),
                             foldNames(golden.option("folds")), golden.option("checkpoint").get<std::string>());
    const plan::PreprocessRule rule = plan::preprocessRule(json(model.plans.json()), model.configuration);
    const ImagePtr image = openImageFile(golden.folder / golden.input("image").get<std::string>());
    Job job;
    const plan::PreprocessedCase prepared =
        plan::preprocessCase({*image, nullptr, vectorOf(golden.input("spacing"), 1), {}}, rule, job);
    const at::Tensor logits = logitsOf(model, prepared.image, golden);
    const std::int64_t plane = logits.size(2) * logits.size(3);
    const plan::Prediction prediction{
        {logits.size(1), logits.size(2), logits.size(3)},
        int(logits.size(0)),
        [&](int channel, std::int64_t begin, std::int64_t end, float* out) {
            const float* from = logits.data_ptr<float>() + (channel * logits.size(1) + begin) * plane;
            std::copy_n(from, (end - begin) * plane, out);
        },
        model.dataset.labels.hasRegions() ? model.dataset.labels.regionsClassOrder() : std::vector<std::int32_t>()};
    const Volume<std::uint16_t> labels = plan::exportedLabels(prediction, prepared.properties, rule, job);
    const auto probabilities = plan::exportedProbabilities(prediction, prepared.properties, rule, job);

    const double margin = realNumber(member(golden.tolerance, "probabilities_abs"));
    const Index n = labels.shape();
    std::vector<float> all;
    for (const Volume<float>& one : probabilities) all.insert(all.end(), one.begin(), one.end());
    GoldenCase ruled = golden;
    ruled.tolerance = {
        {"probabilities", {{"abs", margin}, {"fraction", member(golden.tolerance, "probabilities_fraction")}}},
        {"segmentation", {{"abs", 0}, {"fraction", 0.98}}}};
    Verdict verdict = compare(
        ruled, {{"probabilities", tensorfile::Tensor::from({std::int64_t(probabilities.size()), n.z, n.y, n.x}, all)},
                {"segmentation",
                 tensorfile::Tensor::from({n.z, n.y, n.x}, std::vector<std::int64_t>(labels.begin(), labels.end()))}});
    if (const std::int64_t wrong = clearlyWrong(golden, labels, margin); verdict.passed && wrong > 0) {
        verdict.passed = false;
        verdict.why = std::to_string(wrong) + " voxels with a clear winner have another label";
    }
    return verdict;
}

}  // namespace

std::vector<Kind> predictKinds() { return {{"model_predict", nullptr, modelPredict}}; }

}  // namespace fovea::parity
