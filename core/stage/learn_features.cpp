#include <algorithm>

#include "base/file.h"
#include "nn/device.h"
#include "nn/official_mae.h"
#include "stage/network_support.h"
#include "stage/stages.h"
#include "train/mae_trainer.h"

namespace fovea::stage {

namespace {

constexpr int mostChannels = 3;  // a masked autoencoder looks at colour pictures

// 0.5 % and 99.5 % of each channel over all cases, held-out boxes left out.
std::vector<nn::IntensityRange> rangesOf(const StageContext& context) {
    std::vector<nn::IntensityRange> ranges;
    for (const std::string& id : learnableCases(context)) {
        const ImagePtr image = context.image(id);
        const int channels = std::min(mostChannels, image->info().channels);
        if (ranges.empty()) ranges.assign(std::size_t(channels), {1e300, -1e300});
        if (int(ranges.size()) != channels)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("{case} has {n} channels, other images have {m}. Keep them in separate projects."),
                         {{"case", id}, {"n", std::to_string(channels)}, {"m", std::to_string(ranges.size())}}});
        for (int c = 0; c < channels; ++c) {
            const plan::Intensity intensity =
                plan::measureIntensity(*image, c, guardedBoxes(context, id), *context.job);
            ranges[std::size_t(c)].lower = std::min(ranges[std::size_t(c)].lower, intensity.percentile005);
            ranges[std::size_t(c)].upper = std::max(ranges[std::size_t(c)].upper, intensity.percentile995);
        }
    }
    for (nn::IntensityRange& range : ranges)
        if (!(range.upper > range.lower)) range.upper = range.lower + 1;
    return ranges;
}

void run(StageContext& context) {
    train::MaeRequest request;
    request.start = context.options.string("start");
    if (!request.start.empty()) request.config = nn::OfficialMae(request.start).config();
    request.config.ranges = rangesOf(context);
    for (const std::string& id : learnableCases(context))
        request.cases.push_back({id, context.image(id), guardedBoxes(context, id)});
    request.loop.iterations = context.options.integer("iterations");
    request.folder = context.output();
    request.device = deviceOf(context);
    request.seed = context.seed;
    if (const auto plan = context.find("plan")) {
        const plan::Plan known = plan::loadPlan(*plan / "plan.json");
        if (!known.compute.is_null()) request.compute = nn::computeFromJson(known.compute);
    }
    request.compute.channelsLast = false;
    if (context.threads > 0) request.compute.threads = context.threads;
    const train::LoopResult result = train::trainMae(request, *context.job);
    context.result = {{"iterations", result.iterations}, {"loss", result.loss}, {"seconds", result.seconds}};
}

}  // namespace

Stage learnFeaturesStage() {
    using project::From;
    Stage stage;
    stage.id = "learn-features";
    stage.title = FOVEA_TR("Learn what patches look like");
    stage.help = FOVEA_TR("Trains a masked autoencoder on the images alone, so that patches can be compared.");
    stage.scope = project::Scope::Project;
    stage.needs = {{"image", From::Base}, {"plan", From::Base, true}};
    stage.makes = "encoder";
    stage.options = {{.name = "iterations",
                      .type = OptionType::Int,
                      .defaultValue = 200,
                      .help = FOVEA_TR("Steps of 8 crops"),
                      .least = 1,
                      .most = 1e7},
                     {.name = "start",
                      .type = OptionType::Path,
                      .defaultValue = "",
                      .help = FOVEA_TR("Checkpoint of the MAE authors to start from; empty = a small fresh network")}};
    stage.random = true;
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
