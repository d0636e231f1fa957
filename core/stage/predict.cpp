#include "base/file.h"
#include "base/hash.h"
#include "infer/predictor.h"
#include "stage/network_support.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"

namespace fovea::stage {

using nlohmann::json;

namespace {

// Chosen once by timing; an interrupted run goes on with what it began with, so that all of the volume is computed
// alike.
nn::Compute computeFor(const StageContext& context, const plan::Plan& plan, const std::string& device) {
    const auto path = context.output() / "compute.json";
    if (std::filesystem::exists(path)) return nn::computeFromJson(file::readJson(path));
    const nn::TimedCompute timed = nn::chooseCompute(train::topologyOf(plan), plan.patch, plan.batch, false, device,
                                                     context.threads, *context.job);
    file::writeJson(path, nn::toJson(timed.compute));
    return timed.compute;
}

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImagePtr image = context.image(id);
    const plan::Plan plan = planOf(context);
    const auto weights = weightsIn(context.input("model"));
    if (!weights)
        throw Error(
            ErrorKind::Missing,
            {FOVEA_TR("The model of round {round} was never trained. Run {stage} with more than 0 iterations."),
             {{"round", std::to_string(context.round)}, {"stage", context.round == 0 ? "pretrain" : "fine-tune"}}});
    const std::string device = deviceOf(context);
    infer::WindowOptions options;
    options.dims = plan.dims();
    options.patch = plan.patchIndex();
    options.step = context.options.number("step");
    options.batch = plan.batch;
    if (context.options.flag("mirror"))
        for (int axis = 0; axis < plan.dims(); ++axis) options.mirrorAxes.push_back(axis);
    options.norms = train::normsOf(plan, id, *image, guardedBoxes(context, id), *context.job);
    options.device = device;
    options.compute = computeFor(context, plan, device);

    infer::PredictionTarget target;
    target.zarr = context.output() / "probability.zarr";
    target.classNames =
        plan.boundary ? std::vector<std::string>{"interior", "border"} : std::vector<std::string>{"foreground"};
    target.key = sha256File(*weights);
    target.codec = context.options.string("codec");
    const Index shape = image->info().shape();
    const Box box = chosenBox(context.options, "box", shape);
    nn::UNet unet = networkOf(plan, *weights);
    infer::predictToZarr(*image, box, infer::networkOf(unet, device, options.compute), options, target, *context.job);
    context.result = {{"voxels", box.count()}, {"compute", nn::toJson(options.compute)}};
}

}  // namespace

Stage predictStage() {
    using project::From;
    Stage stage;
    stage.id = "predict";
    stage.title = FOVEA_TR("Predict");
    stage.help = FOVEA_TR("Lets the model of this round look at the whole image.");
    stage.rounds = project::Rounds::Any;
    stage.needs = {{"image", From::Base}, {"plan", From::Base}, {"model", From::Same}};
    stage.makes = "probabilities";
    stage.options = {{.name = "mirror",
                      .type = OptionType::Bool,
                      .defaultValue = false,
                      .help = FOVEA_TR("Average over mirrored views: slower, a little better")},
                     {.name = "step",
                      .type = OptionType::Double,
                      .defaultValue = 0.5,
                      .help = FOVEA_TR("Distance of windows as a share of the patch"),
                      .least = 0.1,
                      .most = 1.0},
                     {.name = "box",
                      .type = OptionType::Box,
                      .defaultValue = "",
                      .help = FOVEA_TR("Part of the image to predict; empty = all of it")},
                     {.name = "codec",
                      .type = OptionType::Choice,
                      .defaultValue = "blosc",
                      .help = FOVEA_TR("How probabilities are compressed"),
                      .choices = {"blosc", "zstd", "zlib", "raw"}}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
