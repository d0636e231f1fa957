#include "infer/features.h"
#include "base/file.h"
#include "stage/feature_file.h"
#include "stage/network_support.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"

namespace fovea::stage {

namespace {

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImagePtr image = context.image(id);
    const ImageInfo& info = image->info();
    const Index extent = parsePatch(context.options.string("patch"), info.shape(), info.geometry.spacing);
    const std::vector<Patch> patches = patchGrid(id, info.shape(), extent, context.heldOut(id));
    const infer::ImageOf imageOf = [&](const std::string&) { return image; };
    infer::FeatureOptions options;
    options.device = deviceOf(context);
    options.compute = nn::computeOfPublished(options.device, context.threads);

    const auto encoder = context.find("encoder");
    const auto weights = weightsIn(context.find("model"));
    const std::string wanted = context.options.string("source");
    FeatureTable table;
    if (encoder && wanted != "network") {
        table = infer::maeFeatures(nn::loadMae(*encoder / "mae.safetensors"), patches, imageOf, options, *context.job);
        table.source = "masked autoencoder of this project";
    } else if (weights && wanted != "autoencoder") {
        const plan::Plan plan = planOf(context);
        const infer::NormsOf normsOf = [&](const std::string& caseId) {
            return train::normsOf(plan, caseId, *image, guardedBoxes(context, caseId), *context.job);
        };
        table = infer::unetFeatures(networkOf(plan, *weights), patches, imageOf, normsOf, plan.patchIndex(), options,
                                    *context.job);
        table.source = "network pre-trained on pseudo-labels";
    } else {
        throw Error(ErrorKind::Missing,
                    FOVEA_TR("No network can look at the patches yet. Run learn-features or pretrain first."));
    }
    writeFeatures(context.output(), table);
    context.result = {{"patches", table.patches.size()}, {"dim", table.dim}, {"source", table.source}};
}

}  // namespace

Stage featuresStage() {
    using project::From;
    Stage stage;
    stage.id = "features";
    stage.title = FOVEA_TR("Look at all patches");
    stage.help = FOVEA_TR("Describes every patch by a vector, for choosing patches that differ.");
    stage.needs = {
        {"image", From::Base}, {"encoder", From::Base, true}, {"model", From::Base, true}, {"plan", From::Base, true}};
    stage.makes = "features";
    stage.options = {{.name = "patch",
                      .type = OptionType::String,
                      .defaultValue = "auto",
                      .help = FOVEA_TR("Extent z,y,x of the patches a person labels"),
                      .unit = "voxels"},
                     {.name = "source",
                      .type = OptionType::Choice,
                      .defaultValue = "auto",
                      .help = FOVEA_TR("Which network looks; auto = the autoencoder when there is one"),
                      .choices = {"auto", "autoencoder", "network"}}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
