#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "stage/check_patches.h"
#include "stage/feature_file.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;
using Strategies = std::vector<std::shared_ptr<const query::QueryStrategy>>;

namespace {

OptionTable optionsOf(const Strategies& strategies) {
    std::vector<std::string> ids;
    for (const auto& strategy : strategies) ids.push_back(strategy->id());
    OptionTable table = {
        {.name = "strategy",
         .type = OptionType::Choice,
         .defaultValue = ids.empty() ? "" : ids.front(),
         .help = FOVEA_TR("How patches are chosen"),
         .choices = ids},
        {.name = "patches",
         .type = OptionType::Int,
         .defaultValue = 8,
         .help = FOVEA_TR("How many patches to label in this round"),
         .least = 1,
         .most = 1000},
        {.name = "patch",
         .type = OptionType::String,
         .defaultValue = "auto",
         .help = FOVEA_TR("Size of a patch as z,y,x, when there are no features; auto = from the image"),
         .unit = "voxels"},
        {.name = "check",
         .type = OptionType::Int,
         .defaultValue = -1,
         .help = FOVEA_TR("Patches drawn at random in the first round for the check: labelled like the others, never "
                          "learned from; -1 = a quarter of `patches`, at least 2, where no test part was chosen"),
         .least = -1,
         .most = 1000}};
    for (const auto& strategy : strategies)
        for (const OptionSpec& spec : strategy->options())
            if (std::none_of(table.begin(), table.end(),
                             [&](const OptionSpec& known) { return known.name == spec.name; }))
                table.push_back(spec);
    return table;
}

// Mean entropy (nats) of the predicted classes in a box: background, interior and, where there is one, border.
double entropy(const ImageSource& probability, const Box& box) {
    std::vector<Volume<std::uint8_t>> channels;
    for (int c = 0; c < std::min(2, probability.info().channels); ++c)
        channels.push_back(probability.readAs<std::uint8_t>(box, c));
    double sum = 0;
    const auto term = [](double p) { return p > 0 ? -p * std::log(p) : 0.0; };
    for (std::int64_t i = 0; i < channels[0].size(); ++i) {
        double rest = 1;
        for (const auto& channel : channels) {
            const double p = channel.data()[i] / 255.0;
            sum += term(p);
            rest -= p;
        }
        sum += term(std::max(0.0, rest));
    }
    return sum / double(std::max<std::int64_t>(1, channels[0].size()));
}

double share(const ImageSource& image, const Box& box, double above) {
    const Volume<float> values = image.readAs<float>(box);
    const auto n = std::count_if(values.begin(), values.end(), [&](float v) { return v > above; });
    return double(n) / double(std::max<std::int64_t>(1, values.size()));
}

// What may be chosen from: the patches features were made of, else (not for all images there) a grid of the option's
// size.
FeatureTable candidates(const StageContext& context) {
    const std::vector<std::string>& ids = context.cases();
    const bool described = std::all_of(ids.begin(), ids.end(),
                                       [&](const std::string& id) { return context.find("features", id).has_value(); });
    FeatureTable table;
    for (const std::string& id : ids) {
        if (described) {
            append(table, readFeatures(*context.find("features", id)));
            continue;
        }
        const ImageInfo info = context.image(id)->info();
        const Index patch = parsePatch(context.options.string("patch"), info.shape(), info.geometry.spacing);
        for (Patch& one : patchGrid(id, info.shape(), patch, context.heldOut(id)))
            table.patches.push_back(std::move(one));
    }
    if (table.patches.empty())
        throw Error(ErrorKind::Input,
                    FOVEA_TR("No patch is left to choose from: everything is held out. Make the test box smaller, or "
                             "import more images."));
    return table;
}

struct HeldOutBoxes {
    std::int64_t tests = 0, checks = 0;
    std::map<std::string, std::vector<Box>> guarded;  // by case
};

HeldOutBoxes heldOutBoxes(const StageContext& context) {
    HeldOutBoxes held;
    for (const std::string& id : context.cases())
        for (const project::HeldOut& out : context.heldOut(id)) {
            ++(out.check ? held.checks : held.tests);
            held.guarded[id].push_back(out.guarded);
        }
    return held;
}

// What the first query may draw for the check, beside what is held out already.
std::vector<CheckPatch> drawn(const StageContext& context, const FeatureTable& pool, const HeldOutBoxes& held) {
    const std::int64_t patches = context.options.integer("patches"), wish = context.options.integer("check");
    const std::int64_t wanted = wish >= 0 ? wish : held.tests > 0 ? 0 : std::max<std::int64_t>(2, patches / 4);
    std::map<std::string, Index> shapes;
    for (const std::string& id : context.cases()) shapes[id] = context.image(id)->info().shape();
    const auto all = std::int64_t(pool.patches.size());
    return drawCheck(pool.patches, shapes, wanted - held.checks, std::min(patches, all - all / 4), context.seed);
}

// Patches that touch what is held out leave the pool, with their features.
void leaveOut(FeatureTable& pool, const std::map<std::string, std::vector<Box>>& guarded) {
    FeatureTable kept{{}, pool.dim, {}, pool.source};
    for (std::size_t i = 0; i < pool.patches.size(); ++i) {
        const Patch& patch = pool.patches[i];
        const auto boxes = guarded.find(patch.caseId);
        if (boxes != guarded.end() && std::any_of(boxes->second.begin(), boxes->second.end(),
                                                  [&](const Box& box) { return box.overlaps(patch.box); }))
            continue;
        kept.patches.push_back(patch);
        kept.values.insert(kept.values.end(), pool.values.begin() + std::ptrdiff_t(i) * pool.dim,
                           pool.values.begin() + std::ptrdiff_t(i + 1) * pool.dim);
    }
    pool = std::move(kept);
}

void look(const StageContext& context, query::Pool& pool) {
    const auto imageOf = [&](const char* kind, const char* name) {
        std::map<std::string, ImagePtr> found;
        for (const std::string& id : context.cases())
            if (const auto folder = context.find(kind, id)) found[id] = zarr::open(*folder / name);
        return found;
    };
    const auto probabilities = imageOf("probabilities", "probability.zarr");
    const auto pseudo = imageOf("pseudo-labels", "labels.zarr");
    const std::vector<Patch>& patches = pool.features.patches;
    const bool predicted = probabilities.size() == context.cases().size();
    const bool found = pseudo.size() == context.cases().size();
    for (std::size_t i = 0; i < patches.size() && (predicted || found); ++i) {
        context.job->check();
        context.job->progress(double(i), double(patches.size()), FOVEA_TR("Looking at what is known of each patch"));
        const Patch& patch = patches[i];
        if (predicted) pool.doubt.push_back(entropy(*probabilities.at(patch.caseId), patch.box));
        pool.foreground.push_back(predicted ? share(*probabilities.at(patch.caseId), patch.box, 127)
                                            : share(*pseudo.at(patch.caseId), patch.box, 0));
    }
}

// What all earlier rounds asked for: labels add up, so none of it is asked for again.
std::vector<ChosenPatch> chosenBefore(const StageContext& context) {
    std::vector<ChosenPatch> earlier;
    for (int round = 0; round < context.round; ++round)
        if (const auto folder = context.find("queue@" + std::to_string(round)))
            for (ChosenPatch& chosen : chosenFromJson(file::readJson(*folder / "queue.json").at("chosen")))
                earlier.push_back(std::move(chosen));
    return earlier;
}

// Whether an earlier round has learned what a person decided.
bool learnedBefore(const StageContext& context) {
    for (int round = 0; round < context.round; ++round)
        for (const std::string& id : context.cases())
            if (context.find("annotations@" + std::to_string(round), id)) return true;
    return false;
}

void run(StageContext& context, const Strategies& strategies) {
    query::Pool pool;
    pool.features = candidates(context);
    const std::vector<ChosenPatch> earlier = chosenBefore(context);
    for (const ChosenPatch& chosen : earlier) pool.labelled.push_back(chosen.patch);
    HeldOutBoxes held = heldOutBoxes(context);
    leaveOut(pool.features, held.guarded);
    json check = json::array();
    if (earlier.empty() &&
        !learnedBefore(context)) {  // later, nothing drawn could be told apart from what was learned already
        for (const CheckPatch& one : drawn(context, pool.features, held)) {
            check.push_back({{"case", one.caseId}, {"box", toJson(one.box)}, {"guarded", toJson(one.guarded)}});
            held.guarded[one.caseId].push_back(one.guarded);
        }
        leaveOut(pool.features, held.guarded);
    }
    look(context, pool);
    const auto strategy = std::find_if(strategies.begin(), strategies.end(),
                                       [&](const auto& s) { return s->id() == context.options.string("strategy"); });
    json own = json::object();
    for (const OptionSpec& spec : (*strategy)->options()) own[spec.name] = context.options.json().at(spec.name);
    const std::vector<ChosenPatch> chosen =
        (*strategy)->choose(pool, int(context.options.integer("patches")), Options((*strategy)->options(), own),
                            context.seed, *context.job);
    file::writeJson(context.output() / "queue.json", {{"strategy", (*strategy)->id()},
                                                      {"chosen", toJson(chosen)},
                                                      {"earlier", toJson(earlier)},
                                                      {"pool", pool.features.patches.size()}});
    if (!check.empty()) file::writeJson(context.output() / "check.json", check);
    context.result = {{"patches", chosen.size()},
                      {"pool", pool.features.patches.size()},
                      {"check", std::size_t(held.checks) + check.size()}};
}

}  // namespace

Stage queryStage(const Extensions& extensions) {
    using project::From;
    Stage stage;
    stage.id = "query";
    stage.title = FOVEA_TR("Choose patches");
    stage.help = FOVEA_TR("Chooses the few patches that are worth labelling.");
    stage.scope = project::Scope::Project;
    stage.rounds = project::Rounds::Later;
    stage.needs = {{"image", From::Base},
                   {"features", From::Base, true},
                   {"pseudo-labels", From::Base, true},
                   {"probabilities", From::Before, true},
                   {"queue", From::Earlier, true},
                   {"annotations", From::Earlier, true}};
    stage.makes = "queue";
    stage.options = optionsOf(extensions.strategies);
    stage.random = true;
    stage.drawsCheck = true;
    stage.run = [strategies = extensions.strategies](StageContext& context) { run(context, strategies); };
    return stage;
}

}  // namespace fovea::stage
