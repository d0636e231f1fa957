#include "base/file.h"
#include "plan/fingerprint.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"

namespace fovea::stage {

using nlohmann::json;

namespace {

json intensityJson(const plan::Intensity& i) {
    return {{"min", i.min},       {"max", i.max},           {"mean", i.mean},         {"std", i.std},
            {"median", i.median}, {"low", i.percentile005}, {"high", i.percentile995}};
}

// Looks at an image once: what it is, and which grey values it holds. Throws for images nothing can be made of.
void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImagePtr image = context.image(id);
    const ImageInfo& info = image->info();
    if (info.shape().count() <= 0)
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} has no voxels ({shape})."),
                                       {{"path", info.path}, {"shape", toString(info.shape())}}});
    const std::vector<Box> held = guardedBoxes(context, id);
    json intensity = json::array();
    for (int channel = 0; channel < info.channels; ++channel) {
        JobPart part(*context.job, double(channel) / info.channels, double(channel + 1) / info.channels);
        intensity.push_back(intensityJson(plan::measureIntensity(*image, channel, held, part)));
    }
    const Index shape = info.shape();
    const Vec3 spacing = info.geometry.spacing;
    const json summary = {{"shape", {shape.z, shape.y, shape.x}},
                          {"dtype", name(info.dtype)},
                          {"channels", info.channels},
                          {"channel_names", info.channelNames},
                          {"spacing", {spacing.z, spacing.y, spacing.x}},
                          {"spacing_known", info.geometry.known},
                          {"format", info.format},
                          {"levels", info.levels.size()},
                          {"intensity", intensity}};
    file::writeJson(context.output() / "image.json", summary);
    context.result = {{"shape", summary["shape"]}, {"dtype", summary["dtype"]}, {"channels", info.channels}};
    if (!info.geometry.known) {
        context.result["spacing_known"] = false;
        context.job->message(
            MessageLevel::Warning,
            {FOVEA_TR("{path} does not say how large its voxels are; 1 µm is assumed."), {{"path", info.path}}});
    }
}

}  // namespace

Stage importStage() {
    Stage stage;
    stage.id = "import";
    stage.title = FOVEA_TR("Import");
    stage.help = FOVEA_TR("Adds images to the project and looks at their size and grey values.");
    stage.makes = "image";
    // Used when images are added; they become part of the case, not of the project's options.
    stage.options = {
        {.name = "test",
         .type = OptionType::Box,
         .defaultValue = "",
         .help = FOVEA_TR(
             "Part that no method may learn from, only ever scored, as Z0:Z1,Y0:Y1,X0:X1; :,:,: = the whole image")},
        {.name = "guard",
         .type = OptionType::Int,
         .defaultValue = 0,
         .help = FOVEA_TR("Width around the test part that is left out of everything"),
         .unit = "voxels",
         .least = 0},
        {.name = "spacing",
         .type = OptionType::String,
         .defaultValue = "",
         .help = FOVEA_TR("Size of a voxel as z,y,x, in place of what the file says"),
         .unit = "µm"},
        {.name = "channels",
         .type = OptionType::String,
         .defaultValue = "",
         .help = FOVEA_TR("Names of the channels, with commas")},
        {.name = "timepoint",
         .type = OptionType::Int,
         .defaultValue = 0,
         .help = FOVEA_TR("Point in time, from 0"),
         .least = 0}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
