#include "base/file.h"
#include "stage/network_support.h"
#include "stage/stages.h"

namespace fovea::stage {

namespace {

void run(StageContext& context) {
    const plan::Plan plan = planOf(context);
    train::TrainRequest request = trainingOf(context, plan, train::Phase::Pretrain);
    if (request.loop.iterations > 0) request.sources = {pseudoSource(context, plan)};
    const bool learns = request.loop.iterations > 0 && !request.sources.front().cases.empty();
    nlohmann::json about = {{"trained", learns}, {"on", "pseudo-labels"}};
    if (learns) {
        const train::TrainResult result = train::train(request, *context.job);
        about["iterations"] = result.loop.iterations;
        about["loss"] = result.loop.loss;
        about["seconds"] = result.loop.seconds;
        about["foreground_voxels"] = result.knownForeground;
    } else {
        context.job->message(MessageLevel::Info, FOVEA_TR("No pre-training: fine-tuning starts from fresh weights."));
    }
    file::writeJson(context.output() / "model.json", about);
    context.result = about;
}

}  // namespace

Stage pretrainStage() {
    using project::From;
    Stage stage;
    stage.id = "pretrain";
    stage.title = FOVEA_TR("Learn from pseudo-labels");
    stage.help = FOVEA_TR("Trains a first model on what was found automatically.");
    stage.scope = project::Scope::Project;
    stage.needs = {{"image", From::Base}, {"plan", From::Base}, {"pseudo-labels", From::Base, true}};
    stage.makes = "model";
    stage.random = true;
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
