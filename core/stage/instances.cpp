#include <algorithm>
#include <set>

#include "base/file.h"
#include "data/cut_objects.h"
#include "data/tables.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"
#include "stage/instance_rules.h"
#include "stage/object_file.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;

namespace {

// Mean foreground probability of each object: how sure the network was of it.
std::vector<ObjectRow> rowsOf(const Volume<std::int32_t>& labels, const Volume<float>& foreground,
                              const std::string& source, Job& job) {
    std::vector<ObjectRow> rows;
    for (const measure::ObjectStats& s : measure::objectStats(labels, &foreground, job))
        rows.push_back({std::int32_t(s.id), "to-review", source, s.mean, s.box, s.voxels});
    return rows;
}

// Objects a person accepted, from the last snapshot of annotations.
struct Accepted {
    std::vector<ObjectRow> rows;
    Annotated known;
};

std::optional<Accepted> acceptedObjects(const StageContext& context, const std::string& id) {
    const auto folder = context.find("annotations", id);
    if (!folder || !context.options.flag("keep_accepted")) return std::nullopt;
    Accepted accepted;
    Annotated& known = accepted.known;
    known.accepted = zarr::open(*folder / "labels.zarr")->readAll<std::int32_t>();
    known.weight = zarr::open(*folder / "weight.zarr")->readAll<std::uint8_t>();
    std::set<std::int32_t> ids;
    for (const ObjectRow& row : readObjects(*folder / "objects.json")) {
        known.lastId = std::max(known.lastId, row.id);
        if (row.state != "accepted" && row.state != "fixed") continue;
        accepted.rows.push_back(row);
        ids.insert(row.id);
    }
    std::map<std::int32_t, std::int64_t> voxels;
    for (std::int64_t i = 0; i < known.accepted.size(); ++i) {
        std::int32_t& label = known.accepted.data()[i];
        if (label == 0) continue;
        if (known.weight.data()[i] < 255 && !ids.contains(label))
            label = 0;  // seen, not decided
        else
            ++voxels[label];
    }
    std::vector<Box> patches;
    for (const nlohmann::json& box : file::readJson(*folder / "snapshot.json").at("complete_patches"))
        patches.push_back(boxFromJson(box));
    known.cut = cutByPatches([&](const Box& box) { return crop(known.accepted, box); }, patches, known.accepted.shape(),
                             voxels);
    return accepted;
}

// Averaged over sections, outlines that wander from one to the next and the ends of objects lose probability.
constexpr double plainThreshold = 0.5, averagedThreshold = 0.4;
constexpr double plainSeed = 0.6, averagedSeed = 0.5;
constexpr double leastShare = 0.2;           // of the usual object's volume
constexpr std::int64_t fallbackVoxels = 50;  // where nothing tells how large objects usually are
constexpr std::int64_t deepStack = 8;        // sections from which an object in a single one is suspicious

// How large objects usually are, by the pseudo-labels.
struct Usual {
    std::int64_t voxels = 0, sections = 0;  // medians; 0 where nothing tells
};

Usual usualObject(const StageContext& context, const std::string& id) {
    const auto folder = context.find("pseudo-labels", id);
    if (!folder) return {};
    std::vector<std::int64_t> voxels, sections;
    for (const ObjectRow& row : readObjects(*folder / "objects.json")) {
        voxels.push_back(row.voxels);
        sections.push_back(row.box.extent().z);
    }
    if (voxels.empty()) return {};
    const auto median = [](std::vector<std::int64_t>& v) {
        std::nth_element(v.begin(), v.begin() + std::ptrdiff_t(v.size() / 2), v.end());
        return v[v.size() / 2];
    };
    return {median(voxels), median(sections)};
}

// Less than a fifth of the usual object is a fragment.
std::int64_t leastVoxels(const Options& options, const Usual& usual) {
    if (const std::int64_t given = options.integer("min_voxels"); given > 0) return given;
    return usual.voxels > 0 ? std::max<std::int64_t>(1, std::int64_t(leastShare * double(usual.voxels)))
                            : fallbackVoxels;
}

void run(StageContext& context) {
    const std::string& id = context.cases().front();
    const ImagePtr probability = zarr::open(context.input("probabilities", id) / "probability.zarr");
    const ImageInfo& info = probability->info();
    InstanceRules rules;
    const Usual usual = usualObject(context, id);
    rules.minVoxels = leastVoxels(context.options, usual);
    rules.linkOverlap = context.options.number("link_overlap");
    const std::string mode = context.options.string("mode");
    const Vec3 spacing = info.geometry.spacing;
    rules.perSlice = mode == "slices" || (mode == "auto" && spacing.z > 4 * std::min(spacing.y, spacing.x));
    if (rules.perSlice && info.shape().z >= deepStack && usual.sections > 1) {
        rules.minSections = 2;
        rules.zRadius = std::min<std::int64_t>(2, usual.sections / 3);
    }
    const auto chosen = [&](const char* option, double plain, double averaged) {
        const double given = context.options.number(option);
        return given > 0 ? given : rules.zRadius > 0 ? averaged : plain;
    };
    rules.threshold = chosen("threshold", plainThreshold, averagedThreshold);
    rules.seedThreshold = chosen("seed_threshold", plainSeed, averagedSeed);
    const Volume<std::uint8_t> interior = probability->readAll<std::uint8_t>(0);
    const Volume<std::uint8_t> border =
        info.channels > 1 ? probability->readAll<std::uint8_t>(1) : Volume<std::uint8_t>();
    JobPart finding(*context.job, 0, 0.7);
    Volume<std::int32_t> labels = findInstances(interior, border, rules, finding);

    Volume<float> foreground(interior.shape());
    for (std::int64_t i = 0; i < interior.size(); ++i)
        foreground.data()[i] = std::min(255, interior.data()[i] + (border.empty() ? 0 : border.data()[i])) / 255.f;
    const std::string source = context.round == 0 ? "pre-trained" : "round " + std::to_string(context.round);
    std::vector<ObjectRow> kept;
    if (std::optional<Accepted> accepted = acceptedObjects(context, id)) {
        kept = accepted->rows;
        // What goes on beyond the patch it was seen in is to be reviewed there.
        const std::vector<std::int32_t> continued = keepAccepted(labels, accepted->known, rules, *context.job);
        std::erase_if(
            kept, [&](const ObjectRow& row) { return std::binary_search(continued.begin(), continued.end(), row.id); });
    }
    JobPart counting(*context.job, 0.7, 0.9);
    std::vector<ObjectRow> rows = rowsOf(labels, foreground, source, counting);
    for (ObjectRow& row : rows)
        for (const ObjectRow& old : kept)
            if (old.id == row.id) {
                row.state = old.state;
                row.source = old.source;
                row.score = old.score;
            }
    writeLabels(context.output(), labels, info.geometry, *context.job);
    writeObjects(context.output() / "objects.json", rows);
    context.result = {{"objects", rows.size()},
                      {"kept", kept.size()},
                      {"per_slice", rules.perSlice},
                      {"threshold", rules.threshold},
                      {"seed_threshold", rules.seedThreshold},
                      {"min_voxels", rules.minVoxels}};
}

}  // namespace

Stage instancesStage() {
    using project::From;
    Stage stage;
    stage.id = "instances";
    stage.title = FOVEA_TR("Separate objects");
    stage.help = FOVEA_TR("Makes objects out of the predicted probabilities and keeps what was accepted.");
    stage.rounds = project::Rounds::Any;
    stage.needs = {
        {"probabilities", From::Same}, {"annotations", From::Latest, true}, {"pseudo-labels", From::Base, true}};
    stage.makes = "objects";
    stage.options = {
        {.name = "threshold",
         .type = OptionType::Double,
         .defaultValue = 0.0,
         .help = FOVEA_TR("Probability from which a voxel belongs to an object; 0 = 0.5, less where sections are "
                          "averaged"),
         .least = 0.0,
         .most = 0.99},
        {.name = "seed_threshold",
         .type = OptionType::Double,
         .defaultValue = 0.0,
         .help = FOVEA_TR("Interior probability from which a voxel may start an object; 0 = 0.6, less where sections "
                          "are averaged"),
         .least = 0.0,
         .most = 0.99},
        {.name = "min_voxels",
         .type = OptionType::Int,
         .defaultValue = 0,
         .help = FOVEA_TR("Smaller objects are dropped; 0 = a fifth of the median pseudo-label"),
         .unit = "voxels",
         .least = 0},
        {.name = "mode",
         .type = OptionType::Choice,
         .defaultValue = "auto",
         .help = FOVEA_TR("Whole blocks, or section by section and joined along z; auto looks at the voxel size"),
         .choices = {"auto", "slices", "volume"}},
        {.name = "link_overlap",
         .type = OptionType::Double,
         .defaultValue = 0.3,
         .help = FOVEA_TR("Share of the smaller section's object that must overlap to join two sections"),
         .least = 0.0,
         .most = 1.0},
        {.name = "keep_accepted",
         .type = OptionType::Bool,
         .defaultValue = true,
         .help = FOVEA_TR("Accepted objects keep their voxels")}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
