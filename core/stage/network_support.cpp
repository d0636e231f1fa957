#include "stage/network_support.h"

#include "nn/device.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using project::StageContext;

plan::Plan planOf(const StageContext& context) { return plan::loadPlan(context.input("plan") / "plan.json"); }

std::vector<std::string> learnableCases(const StageContext& context) {
    std::vector<std::string> ids;
    for (const std::string& id : context.cases())
        if (!plan::holdsAll(guardedBoxes(context, id), context.image(id)->info().shape())) ids.push_back(id);
    return ids;
}

std::string deviceOf(const StageContext& context) { return nn::findDevice(context.device).name; }

train::TrainRequest trainingOf(const StageContext& context, const plan::Plan& plan, train::Phase phase) {
    train::TrainRequest request = train::requestOf(plan, phase);
    request.folder = context.output();
    request.device = deviceOf(context);
    request.seed = context.seed;
    if (context.threads > 0) request.compute.threads = context.threads;
    return request;
}

train::TrainSource pseudoSource(const StageContext& context, const plan::Plan& plan) {
    train::TrainSource source;
    for (const std::string& id : learnableCases(context))
        if (const auto folder = context.find("pseudo-labels", id))
            source.cases.push_back(train::caseOf(plan, id, context.image(id), zarr::open(*folder / "labels.zarr"),
                                                 nullptr, guardedBoxes(context, id), *context.job));
    return source;
}

std::optional<fs::path> weightsIn(const std::optional<fs::path>& model) {
    if (!model || !fs::exists(*model / "model.safetensors")) return std::nullopt;
    return *model / "model.safetensors";
}

namespace {

// "2D, 1 → 3 channels, 16-32-64 features": enough to tell two networks apart for a person.
std::string describe(const nn::Topology& t) {
    std::string features;
    for (const std::int64_t f : t.features) features.append(features.empty() ? "" : "-").append(std::to_string(f));
    return std::to_string(t.dims) + "D, " + std::to_string(t.inChannels) + " → " + std::to_string(t.outChannels) +
           " channels, " + features + " features";
}

}  // namespace

nn::UNet networkOf(const plan::Plan& plan, const fs::path& weights) {
    nn::UNet unet = nn::loadUNet(weights);
    const nn::Topology wanted = train::topologyOf(plan);
    if (unet->topology() == wanted) return unet;
    throw Error(ErrorKind::Format,
                {FOVEA_TR("{path} is a checkpoint of another network ({found}) than the plan's ({wanted}). Put the "
                          "model back that was trained here, or train it anew with --again."),
                 {{"path", weights.string()}, {"found", describe(unet->topology())}, {"wanted", describe(wanted)}}});
}

}  // namespace fovea::stage
