#include <algorithm>
#include <set>

#include "base/file.h"
#include "labels/training_view.h"
#include "stage/case_session.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr Index tile{16, 512, 512};

ImagePtr openIf(const std::optional<fs::path>& folder, const char* name) {
    return folder ? zarr::open(*folder / name) : nullptr;
}

zarr::Layout layoutOf(const ImageInfo& info, DType dtype, bool labels) {
    zarr::Layout layout;
    layout.dtype = dtype;
    layout.shape = info.shape();
    layout.geometry = info.geometry;
    layout.labels = labels;
    return layout;
}

void forget(labels::TrainingView::Arrays& arrays, const Box& part) {
    forEachTile(part, {1, 1, part.extent().x}, [&](const Box& row) {
        std::fill_n(arrays.labels.data() + arrays.labels.offset(row.begin), row.extent().x, 0);
        std::fill_n(arrays.weight.data() + arrays.weight.offset(row.begin), row.extent().x, std::uint8_t(0));
    });
}

// Objects that are held out, wherever their voxels lie: elsewhere too they would tell what they look like, and an
// object kept as it was accepted would not be what is scored.
std::set<labels::ObjectId> heldObjects(const StageContext& context, const labels::LabelLayer& layer) {
    std::set<labels::ObjectId> held;
    for (const project::HeldOut& out : context.heldOut(context.cases().front()))
        if (out.check)
            for (const labels::ObjectId id : layer.read(out.test)) held.insert(id);
    held.erase(0);
    return held;
}

void forget(labels::TrainingView::Arrays& arrays, const std::set<labels::ObjectId>& objects) {
    for (std::int64_t i = 0; i < arrays.labels.size() && !objects.empty(); ++i)
        if (objects.contains(arrays.labels.data()[i])) arrays.labels.data()[i] = arrays.weight.data()[i] = 0;
}

// Both arrays, tile by tile; where nothing is known nothing is written. What is held out stays unknown, whoever
// labelled it.
void writeArrays(StageContext& context, const labels::TrainingView& view, const ImageInfo& info,
                 const std::set<labels::ObjectId>& held) {
    const std::string& id = context.cases().front();
    const ImagePtr probability = openIf(context.find("probabilities", id), "probability.zarr");
    const ImagePtr pseudo = openIf(context.find("pseudo-labels", id), "labels.zarr");
    const std::vector<Box> known = view.known();
    zarr::Writer labelWriter(context.output() / "labels.zarr", layoutOf(info, DType::I32, true));
    zarr::Writer weightWriter(context.output() / "weight.zarr", layoutOf(info, DType::U8, true));
    const Box all = Box::of(info.shape());
    double done = 0;
    forEachTile(all, tile, [&](const Box& box) {
        context.job->check();
        context.job->progress(done += double(box.count()), double(all.count()), FOVEA_TR("Writing down what is known"));
        if (!probability && std::none_of(known.begin(), known.end(), [&](const Box& k) { return k.overlaps(box); }))
            return;
        labels::TrainingView::Arrays arrays = view.read(box, probability.get(), pseudo.get());
        forget(arrays, held);
        for (const project::HeldOut& out : context.heldOut(id))
            if (const Box part = out.guarded.intersected(box); !part.empty())
                forget(arrays, part.shifted(Index{} - box.begin));
        labelWriter.write(0, box.begin, arrays.labels);
        weightWriter.write(0, box.begin, arrays.weight);
    });
    labelWriter.buildLevels();
}

// Whether nothing of the box may teach anything.
bool isHeldOut(const StageContext& context, const Box& box) {
    const auto held = context.heldOut(context.cases().front());
    return std::any_of(held.begin(), held.end(),
                       [&](const project::HeldOut& out) { return out.guarded.contains(box); });
}

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImageInfo info = context.image(id)->info();
    const std::size_t queued = patchesOf(context, id).size();
    const auto session = openSession(context.input("edits", id), info, baseFolder(context, id), true, *context.job);
    std::map<std::string, int> states;
    json patches = json::array(), check = json::array();
    for (const Box& box : session->completePatches())
        (isHeldOut(context, box) ? check : patches).push_back(toJson(box));
    bool decided = !patches.empty();
    for (const auto& [objectId, object] : session->objects()) {
        ++states[labels::name(object.state)];
        decided = decided || ((labels::isFrozen(object.state) || labels::isRejected(object.state)) &&
                              !isHeldOut(context, object.box));
    }
    labels::TrainingRules rules;
    rules.rimNm = context.options.number("rim");
    const labels::TrainingView view(*session, rules);
    writeArrays(context, view, info, heldObjects(context, session->layer()));
    file::writeJson(context.output() / "objects.json", labels::toJson(session->objects()));
    file::writeJson(context.output() / "snapshot.json", {{"journal_position", view.journalPosition()},
                                                         {"complete_patches", patches},
                                                         {"check_patches", check},
                                                         {"states", states}});
    if (decided)
        context.result = {{"complete_patches", patches.size()}, {"check_patches", check.size()}, {"states", states}};
    else
        context.result = {{"state", "waiting"}, {"patches", queued}};
    if (!decided && queued == 0)
        context.job->message(
            MessageLevel::Warning,
            {FOVEA_TR("Nothing is decided in {id} and no patches are queued. Run query first, or review "
                      "objects in the window."),
             {{"id", id}}});
}

}  // namespace

Stage annotateStage() {
    using project::From;
    Stage stage;
    stage.id = "annotate";
    stage.title = FOVEA_TR("Review");
    stage.help = FOVEA_TR("Writes down what a person decided so far, for training.");
    stage.rounds = project::Rounds::Later;
    stage.needs = {{"image", From::Base},           {"queue", From::Same, true},
                   {"edits", From::Latest},         {"pseudo-labels", From::Base, true},
                   {"objects", From::Before, true}, {"probabilities", From::Before, true}};
    stage.makes = "annotations";
    stage.options = {{.name = "rim",
                      .type = OptionType::Double,
                      .defaultValue = 100.0,
                      .help = FOVEA_TR("Width of the background around accepted objects"),
                      .unit = "nm",
                      .least = 0.0,
                      .most = 1e6}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
