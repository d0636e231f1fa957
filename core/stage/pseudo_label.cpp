#include <algorithm>

#include "base/file.h"
#include "stage/object_file.h"
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
                          .help = FOVEA_TR("Part of the image to look at; empty = all of it")}};
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

void run(StageContext& context, const Labelers& labelers) {
    const std::string& id = context.cases().front();
    const ImagePtr image = context.image(id);
    const ImageInfo& info = image->info();
    const int channel = int(context.options.integer("channel"));
    if (channel >= info.channels)
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("Channel {channel} does not exist: {path} has {channels}. Count from 0."),
             {{"channel", std::to_string(channel)}, {"path", info.path}, {"channels", std::to_string(info.channels)}}});
    const std::string where = context.options.string("box");
    const Box box = where.empty() ? Box::of(info.shape()) : parseBox(where, info.shape());
    std::vector<Box> held;
    for (const project::HeldOut& out : context.heldOut(id)) held.push_back(out.guarded);
    const auto engine = std::find_if(labelers.begin(), labelers.end(), [&](const auto& labeler) {
        return labeler->id() == context.options.string("engine");
    });
    JobPart finding(*context.job, 0, 0.9);
    segment::PseudoLabels found =
        (*engine)->run(*image, channel, box, held, only((*engine)->options(), context.options.json()), finding);
    std::vector<ObjectRow> rows;
    for (const segment::Proposal& p : found.objects)
        rows.push_back({p.id, "to-review", (*engine)->id(), p.confidence, p.box, p.voxels});
    if (box != Box::of(info.shape())) {
        Volume<std::int32_t> whole(info.shape());
        copyBox(found.labels, found.labels.box(), whole, box.begin);
        found.labels = std::move(whole);
    }
    writeLabels(context.output(), found.labels, info.geometry, *context.job);
    writeObjects(context.output() / "objects.json", rows);
    file::writeJson(context.output() / "parameters.json", found.parameters);
    context.result = {{"objects", rows.size()}};
}

}  // namespace

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
