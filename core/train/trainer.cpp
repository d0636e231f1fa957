#include "train/trainer.h"

#include <torch/torch.h>

#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "nn/guards.h"
#include "nn/torch_errors.h"
#include "train/batch_feed.h"
#include "train/loss.h"
#include "train/start_weights.h"

namespace fovea::train {

namespace {

constexpr double doubtFrom = 0.25;  // share of the steps after which the network may doubt pseudo-labels

void startWeights(const TrainRequest& request, nn::UNet& unet) {
    if (request.start == Start::Whole)
        nn::loadWeights(request.startFrom, *unet);
    else if (request.start == Start::Encoder)
        loadPretrained(request.startFrom, *unet);
}

// Mean foreground Dice over fixed patches, classes without a voxel left out; 1 when there is nothing to find and
// nothing found.
double tuningScore(nn::UNet& unet, const TrainRequest& request, const PatchSampler& sampler, c10::Device device) {
    const torch::NoGradGuard off;
    const nn::AutocastGuard autocast(device, request.compute);
    std::vector<std::vector<ClassCounts>> counts;
    for (int i = 0; i < request.tuningPatches; ++i) {
        const Batch batch =
            moved(collate({sampler.sample(std::uint64_t(i))}, request.topology.dims), request.device, request.compute);
        counts.push_back(countsPerClass(unet->forward(batch.image), batch.target, batch.weight));
    }
    std::vector<double> dice = pseudoDice(counts);
    if (!dice.empty()) dice.erase(dice.begin());  // background
    const double mean = meanOfKnown(dice);
    return std::isnan(mean) ? 1 : mean;
}

SamplerOptions tuningOptions(const TrainRequest& request) {
    SamplerOptions options = request.sampler;
    options.augment = AugmentOptions::none();
    options.seed = request.seed + 1;
    return options;
}

TrainResult trainOnce(const TrainRequest& request, Job& job) {
    SamplerOptions options = request.sampler;
    options.seed = request.seed;
    const PatchSampler sampler(request.sources, options, job);
    std::optional<PatchSampler> tuning;
    if (!request.tuning.empty()) tuning.emplace(request.tuning, tuningOptions(request), job);

    const nn::ThreadsGuard threads(request.compute.threads);
    const c10::Device device = nn::torchDevice(request.device);
    nn::UNet unet(request.topology, request.seed);
    startWeights(request, unet);
    nn::place(*unet, request.device, request.compute);
    unet->train();

    const std::vector<double> headWeights = deepSupervisionWeights(request.topology.stages());
    BatchFeed feed(sampler, request.loaderThreads, request.topology.dims, request.device, request.compute);
    LoopHooks hooks;
    hooks.rewind = [&](std::uint64_t first) { feed.rewind(first); };
    hooks.prepare = [&](std::int64_t count) { feed.prepare(count); };
    // Before that the network does not yet know what the person taught it.
    const auto doubtsFrom = std::uint64_t(doubtFrom * double(request.loop.iterations * request.loop.batch));
    hooks.loss = [&](std::uint64_t first, std::int64_t count) {
        Batch batch = feed.next(count);
        std::vector<torch::Tensor> heads;
        {
            const nn::AutocastGuard autocast(device, request.compute);
            heads = unet->heads(batch.image);
        }
        if (first >= doubtsFrom) batch.weight = withoutDoubted(batch.weight, heads.front(), batch.target);
        return deepSupervisionLoss(heads, atHeads(batch.target, heads), atHeads(batch.weight, heads), headWeights,
                                   {request.batchDice});
    };
    if (tuning) hooks.tune = [&] { return tuningScore(unet, request, *tuning, device); };

    const nlohmann::json identity = {{"network", nn::toJson(request.topology)},
                                     {"seed", request.seed},
                                     {"patch", {options.patch.z, options.patch.y, options.patch.x}},
                                     {"compute", nn::toJson(request.compute)}};
    TrainResult result;
    LoopOptions loop = request.loop;
    loop.scaleLoss = request.compute.dtype == "float16";
    result.loop = runLoop(*unet, hooks, loop, request.folder, identity, job);
    result.knownVoxels = sampler.knownVoxels();
    result.knownForeground = sampler.knownForeground();
    nn::saveUNet(request.folder / "model.safetensors", *unet, {{"iterations", std::to_string(result.loop.iterations)}});
    return result;
}

}  // namespace

TrainResult train(const TrainRequest& request, Job& job) {
    request.topology.check();
    if (request.topology.outChannels != request.sampler.rule.classes())
        throw Error(ErrorKind::Input, {FOVEA_TR("The network has {n} classes, the targets have {m}. Plan again."),
                                       {{"n", std::to_string(request.topology.outChannels)},
                                        {"m", std::to_string(request.sampler.rule.classes())}}});
    return nn::translated([&] { return trainOnce(request, job); });
}

nn::Topology topologyOf(const plan::Plan& plan) {
    return nn::topologyFromArchitecture(plan.architecture, plan.channels(), plan.classes());
}

TrainRequest requestOf(const plan::Plan& plan, Phase phase) {
    TrainRequest request;
    request.topology = topologyOf(plan);
    request.sampler.patch = plan.patchIndex();
    request.sampler.rule = {plan.boundary, plan.borderRadius};
    request.batchDice = plan.batchDice;
    request.loop.batch = plan.batch;
    request.loop.iterations = phase == Phase::Pretrain ? plan.pretrainIterations : plan.iterations;
    request.loop.ema = phase == Phase::FineTune ? 0.99 : 0;
    if (!plan.compute.is_null()) request.compute = nn::computeFromJson(plan.compute);
    return request;
}

std::vector<plan::ChannelNorm> normsOf(const plan::Plan& plan, const std::string& id, const ImageSource& image,
                                       const std::vector<Box>& held, Job& job) {
    if (image.info().channels != plan.channels())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {n} channels, the plan was made for {want}. Plan again for these images."),
                     {{"path", image.info().path},
                      {"n", std::to_string(image.info().channels)},
                      {"want", std::to_string(plan.channels())}}});
    for (const plan::CaseNorm& norm : plan.norms)
        if (norm.id == id && !id.empty() && int(norm.channels.size()) == plan.channels()) return norm.channels;
    std::vector<plan::ChannelNorm> norms;
    for (int c = 0; c < plan.channels(); ++c)
        norms.push_back(
            plan::channelNorm(plan.schemes[c], plan::measureIntensity(image, c, held, job), plan.foreground.at(c)));
    return norms;
}

TrainCase caseOf(const plan::Plan& plan, const std::string& id, ImagePtr image, ImagePtr labels, ImagePtr weight,
                 std::vector<Box> held, Job& job) {
    TrainCase one;
    one.id = id;
    one.norms = normsOf(plan, id, *image, held, job);
    one.image = std::move(image), one.labels = std::move(labels), one.weight = std::move(weight);
    one.held = std::move(held);
    return one;
}

}  // namespace fovea::train
