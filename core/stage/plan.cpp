#include "nn/device.h"
#include "stage/network_support.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace {

plan::Fingerprint fingerprintOf(const StageContext& context, Job& job) {
    std::vector<plan::FingerprintCase> cases;
    for (const std::string& id : learnableCases(context)) {
        const auto pseudo = context.find("pseudo-labels", id);
        cases.push_back(
            {id, context.image(id), pseudo ? zarr::open(*pseudo / "labels.zarr") : nullptr, guardedBoxes(context, id)});
    }
    return plan::measureFingerprint(cases, job);
}

void run(StageContext& context) {
    JobPart looking(*context.job, 0, 0.4);
    const plan::Fingerprint fingerprint = fingerprintOf(context, looking);
    const std::string device = deviceOf(context);
    plan::PlanRequest request;
    request.gpu = device != "cpu";
    request.dimensions = context.options.string("dimensions");
    request.classes = context.options.string("classes");
    request.normalisation = context.options.string("normalisation");
    request.minutes = context.options.number("minutes");
    request.iterations = context.options.integer("iterations");
    request.pretrainIterations = context.options.integer("pretrain_iterations");
    request.baseFeatures = context.options.integer("base_features");
    plan::Plan plan = plan::makePlan(fingerprint, request);

    context.job->progress(0.4, 1, FOVEA_TR("Timing one step on this machine"));
    JobPart timing(*context.job, 0.4, 1);
    const nn::TimedCompute timed =
        nn::chooseCompute(train::topologyOf(plan), plan.patch, plan.batch, true, device, context.threads, timing);
    plan.compute = nn::toJson(timed.compute);
    plan::fitToMinutes(plan, timed.seconds);
    plan::savePlan(context.output() / "plan.json", plan);
    context.result = {{"configuration", plan.configuration},
                      {"patch", plan.patch},
                      {"batch", plan.batch},
                      {"iterations", plan.iterations},
                      {"pretrain_iterations", plan.pretrainIterations},
                      {"seconds_per_step", timed.seconds},
                      {"compute", plan.compute}};
}

}  // namespace

Stage planStage() {
    using project::From;
    Stage stage;
    stage.id = "plan";
    stage.title = FOVEA_TR("Plan");
    stage.help = FOVEA_TR("Chooses the network, its patch and how long it learns, from the images and this machine.");
    stage.scope = project::Scope::Project;
    stage.needs = {{"image", From::Base}, {"pseudo-labels", From::Base, true}};
    stage.makes = "plan";
    stage.options = {{.name = "minutes",
                      .type = OptionType::Double,
                      .defaultValue = 20.0,
                      .help = FOVEA_TR("Time for pre-training and fine-tuning together; iterations are cut to it"),
                      .unit = "min",
                      .least = 0.1,
                      .most = 1e5},
                     {.name = "dimensions",
                      .type = OptionType::Choice,
                      .defaultValue = "auto",
                      .help = FOVEA_TR("Whether the network looks at sections or at blocks"),
                      .choices = {"auto", "2d", "3d"}},
                     {.name = "classes",
                      .type = OptionType::Choice,
                      .defaultValue = "auto",
                      .help = FOVEA_TR("Whether a border class keeps touching objects apart"),
                      .choices = {"auto", "boundary", "foreground"}},
                     {.name = "normalisation",
                      .type = OptionType::Choice,
                      .defaultValue = "auto",
                      .help = FOVEA_TR("How grey values are scaled"),
                      .choices = {"auto", "ZScoreNormalization", "CTNormalization", "NoNormalization",
                                  "RescaleTo01Normalization", "PercentileNormalization"}},
                     {.name = "iterations",
                      .type = OptionType::Int,
                      .defaultValue = 0,
                      .help = FOVEA_TR("Steps of fine-tuning; 0 = the planner's choice"),
                      .least = 0,
                      .most = 1e7},
                     {.name = "pretrain_iterations",
                      .type = OptionType::Int,
                      .defaultValue = -1,
                      .help = FOVEA_TR("Steps of pre-training on pseudo-labels; 0 = none, −1 = the planner's choice"),
                      .least = -1,
                      .most = 1e7},
                     {.name = "base_features",
                      .type = OptionType::Int,
                      .defaultValue = 0,
                      .help = FOVEA_TR("Channels of the first stage; 0 = the planner's choice"),
                      .least = 0,
                      .most = 512}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
