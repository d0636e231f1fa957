#include "base/file.h"
#include "data/tables.h"
#include "stage/network_support.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

using nlohmann::json;

namespace {

// What a person decided, case by case.
train::TrainSource annotatedSource(const StageContext& context, const plan::Plan& plan) {
    train::TrainSource source;
    for (const std::string& id : learnableCases(context)) {
        const auto folder = context.find("annotations", id);
        if (!folder) continue;
        train::TrainCase one =
            train::caseOf(plan, id, context.image(id), zarr::open(*folder / "labels.zarr"),
                          zarr::open(*folder / "weight.zarr"), guardedBoxes(context, id), *context.job);
        for (const json& box : file::readJson(*folder / "snapshot.json").at("complete_patches"))
            one.focus.push_back(boxFromJson(box));
        source.cases.push_back(std::move(one));
    }
    if (source.cases.empty())
        throw Error(ErrorKind::Missing,
                    FOVEA_TR("Nothing has been annotated yet. Review the chosen patches, or give labels to annotate."));
    return source;
}

void run(StageContext& context) {
    const plan::Plan plan = planOf(context);
    train::TrainRequest request = trainingOf(context, plan, train::Phase::FineTune);
    request.sources = {annotatedSource(context, plan)};
    if (const double share = context.options.number("replay_share"); share > 0) {
        train::TrainSource replay = pseudoSource(context, plan);
        replay.share = share;
        replay.certainty = context.options.number("replay_certainty");
        if (!replay.cases.empty()) request.sources.push_back(std::move(replay));
    }
    const auto base = context.options.string("start") == "pretrained" ? weightsIn(context.find("model")) : std::nullopt;
    if (base) {
        request.start = train::Start::Whole;
        request.startFrom = *base;
    }
    const train::TrainResult result = train::train(request, *context.job);
    json about = {{"trained", true},
                  {"on", "annotations"},
                  {"round", context.round},
                  {"start", base ? "pretrained" : "fresh"},
                  {"iterations", result.loop.iterations},
                  {"loss", result.loop.loss},
                  {"seconds", result.loop.seconds},
                  {"known_voxels", result.knownVoxels},
                  {"foreground_voxels", result.knownForeground}};
    file::writeJson(context.output() / "model.json", about);
    context.result = about;
}

}  // namespace

Stage fineTuneStage() {
    using project::From;
    Stage stage;
    stage.id = "fine-tune";
    stage.title = FOVEA_TR("Fine-tune");
    stage.help = FOVEA_TR("Teaches the network what a person accepted.");
    stage.scope = project::Scope::Project;
    stage.rounds = project::Rounds::Later;
    stage.needs = {{"image", From::Base},
                   {"plan", From::Base},
                   {"model", From::Base, true},
                   {"annotations", From::Same, true},
                   {"pseudo-labels", From::Base, true}};
    stage.makes = "model";
    stage.options = {
        {.name = "start",
         .type = OptionType::Choice,
         .defaultValue = "pretrained",
         .help = FOVEA_TR("Start from the model that learned pseudo-labels, or from fresh weights"),
         .choices = {"pretrained", "fresh"}},
        {.name = "replay_share",
         .type = OptionType::Double,
         .defaultValue = 1.0,
         .help = FOVEA_TR("Samples of pseudo-labels for each annotated sample; 0 = none"),
         .least = 0.0,
         .most = 10.0},
        {.name = "replay_certainty",
         .type = OptionType::Double,
         .defaultValue = 0.5,
         .help = FOVEA_TR("How much a pseudo-label counts against an annotation while the network does not "
                          "contradict it"),
         .least = 0.0,
         .most = 1.0}};
    stage.random = true;
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
