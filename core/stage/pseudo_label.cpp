#include <algorithm>

#include "base/file.h"
#include "data/sub_image.h"
#include "infer/cellsam_labeler.h"
#include "infer/sam_labeler.h"
#include "measure/object_stats.h"
#include "plan/fingerprint.h"
#include "project/licence_notes.h"
#include "stage/given_labels.h"
#include "stage/model_objects.h"
#include "stage/object_file.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;
using Labelers = std::vector<std::shared_ptr<const segment::PseudoLabeler>>;

namespace {

// The stage's table: which engine, where, then the engines' own options.
OptionTable optionsOf(const Labelers& labelers) {
    std::vector<std::string> ids;
    for (const auto& labeler : labelers) ids.push_back(labeler->id());
    OptionTable table = {{.name = "engine",
                          .type = OptionType::Choice,
                          .defaultValue = ids.empty() ? "" : ids.front(),
                          .help = FOVEA_TR("What finds the objects"),
                          .choices = ids},
                         {.name = "channel",
                          .type = OptionType::Int,
                          .defaultValue = 0,
                          .help = FOVEA_TR("Channel that shows the objects"),
                          .least = 0},
                         {.name = "box",
                          .type = OptionType::Box,
                          .defaultValue = "",
                          .help = FOVEA_TR("Part of the image to look at; empty = all of it")},
                         {.name = "model",
                          .type = OptionType::Path,
                          .defaultValue = "",
                          .help = FOVEA_TR("Folder that nnU-Net trained, asked instead of the engine; empty = none")},
                         {.name = "mirror",
                          .type = OptionType::Bool,
                          .defaultValue = true,
                          .help = FOVEA_TR("The model looks at mirrored images, too: better, four to eight times as "
                                           "long")},
                         {.name = "from",
                          .type = OptionType::Path,
                          .defaultValue = "",
                          .help = FOVEA_TR("Labels you have, taken instead of looking; empty = look")}};
    for (const auto& labeler : labelers)
        for (const OptionSpec& spec : labeler->options())
            if (std::none_of(table.begin(), table.end(),
                             [&](const OptionSpec& known) { return known.name == spec.name; }))
                table.push_back(spec);
    return table;
}

Options only(const OptionTable& table, const json& values) {
    json mine = json::object();
    for (const OptionSpec& spec : table) mine[spec.name] = values.at(spec.name);
    return Options(table, mine);
}

// What lies in the stage's box, and its objects in voxels of the whole image.
struct Found {
    Volume<std::int32_t> labels;
    std::vector<ObjectRow> rows;
    json parameters;
    Text licence = {};
};

Found look(StageContext& context, const ImageSource& image, const Labelers& labelers, const Box& box, Job& job) {
    const std::string& id = context.cases().front();
    const ImageInfo& info = image.info();
    const int channel = int(context.options.integer("channel"));
    if (channel >= info.channels)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("Channel {channel} does not exist: {path} has {channels}. Count from 0."),
             {{"channel", std::to_string(channel)}, {"path", info.path}, {"channels", std::to_string(info.channels)}}});
    const std::vector<Box> held = plan::heldFromLooking(guardedBoxes(context, id), info.shape());
    const auto engine = std::find_if(labelers.begin(), labelers.end(), [&](const auto& labeler) {
        return labeler->id() == context.options.string("engine");
    });
    segment::PseudoLabels found =
        (*engine)->run({image, channel, box, held, only((*engine)->options(), context.options.json()), context.device,
                        context.threads},
                       job);
    Found result{std::move(found.labels), {}, std::move(found.parameters), std::move(found.licence)};
    for (const segment::Proposal& p : found.objects)
        result.rows.push_back({p.id, "to-review", (*engine)->id(), p.confidence, p.box, p.voxels});
    return result;
}

// What a trained model finds.
Found ask(StageContext& context, const ImagePtr& image, const Box& box, Job& job) {
    const std::string folder = context.options.string("model");
    ModelObjects found = objectsOfModel(context, folder, partOf(image, box), context.options.flag("mirror"), job);
    Found result{std::move(found.labels), {}, {{"model", folder}}};
    for (const ModelObject& one : found.objects)
        result.rows.push_back({one.id, "to-review", "nnunet", one.score, one.box.shifted(box.begin), one.voxels});
    return result;
}

// Labels somebody made elsewhere; ids are kept.
Found bring(StageContext& context, Index shape, const Box& box, Job& job) {
    const std::string path = givenPath(context.options.string("from"), context.cases().front(), 1);
    Found result{givenLabels(*context.open(path), shape), {}, {{"from", path}}};
    job.check();
    if (box != Box::of(shape)) result.labels = crop(result.labels, box);
    for (const measure::ObjectStats& s : measure::objectStats(result.labels, nullptr, job))
        result.rows.push_back({std::int32_t(s.id), "to-review", "brought", 1.0, s.box.shifted(box.begin), s.voxels});
    return result;
}

void run(StageContext& context, const Labelers& labelers) {
    const ImagePtr image = context.image(context.cases().front());
    const ImageInfo& info = image->info();
    const Box all = Box::of(info.shape()), box = chosenBox(context.options, "box", info.shape());
    JobPart finding(*context.job, 0, 0.9);
    Found found = !context.options.string("from").empty()    ? bring(context, info.shape(), box, finding)
                  : !context.options.string("model").empty() ? ask(context, image, box, finding)
                                                             : look(context, *image, labelers, box, finding);
    if (box != all) {
        Volume<std::int32_t> whole(info.shape());
        copyBox(found.labels, found.labels.box(), whole, box.begin);
        found.labels = std::move(whole);
    }
    writeLabels(context.output(), found.labels, info.geometry, *context.job);
    writeObjects(context.output() / "objects.json", found.rows);
    file::writeJson(context.output() / "parameters.json", found.parameters);
    if (!found.licence.empty()) {
        context.job->message(MessageLevel::Warning, found.licence);
        file::write(context.output() / project::licenceFile, found.licence.str() + "\n");
    }
    context.result = {{"objects", found.rows.size()}};
}

}  // namespace

const Labelers& pseudoLabelers() {
    static const Labelers list = [] {
        Labelers all = segment::pseudoLabelers();
        all.insert(all.end(), {infer::cellSamLabeler(), infer::samLabeler(), infer::microSamLabeler()});
        return all;
    }();
    return list;
}

Stage pseudoLabelStage(const Extensions& extensions) {
    Stage stage;
    stage.id = "pseudo-label";
    stage.title = FOVEA_TR("Find objects");
    stage.help = FOVEA_TR("Proposes objects without any training.");
    stage.needs = {{"image", project::From::Base}};
    stage.makes = "pseudo-labels";
    stage.options = optionsOf(extensions.pseudoLabelers);
    stage.run = [labelers = extensions.pseudoLabelers](StageContext& context) { run(context, labelers); };
    return stage;
}

}  // namespace fovea::stage
