#include "project/fake_project.h"

#include <csignal>
#include <sstream>

#include "base/rng.h"

namespace fake {

using namespace fovea;

namespace {

std::string killStage;
int killParts = -1, found = 0;

std::string textOf(const fs::path& folder) { return file::read(folder / "result.txt"); }

// Ten parts, each a file; parts found are not written again.
void writeParts(StageContext& context, const std::string& stage) {
    found = 0;
    for (int part = 0; part < 10; ++part) {
        context.job->check();
        context.job->progress(part, 10);
        const fs::path path = context.output() / ("part" + std::to_string(part));
        if (fs::exists(path)) {
            ++found;
            continue;
        }
        if (stage == killStage && part == killParts) std::raise(SIGKILL);
        file::write(path, stage + std::to_string(part));
    }
}

// One line per input, so that the text tells everything a stage read.
std::string describe(const StageContext& context, const Stage& stage) {
    std::ostringstream text;
    text << stage.id << " round " << context.round << " " << context.options.json().dump();
    if (stage.random) text << " seed " << context.seed;
    for (const Need& need : stage.needs)
        for (const std::string& caseId : context.cases())
            for (const std::string& slot : {caseId, std::string()})
                if (const auto path = context.find(need.kind, slot); path && need.kind != "edits")
                    text << "\n  " << need.kind << " " << slot << " <- " << std::hash<std::string>()(textOf(*path));
    return text.str();
}

Stage make(const std::string& id, Scope scope, Rounds rounds, std::vector<Need> needs, const std::string& makes,
           bool random = false) {
    Stage stage;
    stage.id = id;
    stage.title = id;
    stage.scope = scope;
    stage.rounds = rounds;
    stage.needs = std::move(needs);
    stage.makes = makes;
    stage.random = random;
    stage.options = {{.name = "level", .type = OptionType::Int, .defaultValue = 1, .help = "Anything"}};
    Stage described = stage;
    stage.run = [described](StageContext& context) {
        writeParts(context, described.id);
        file::write(context.output() / "result.txt", describe(context, described));
        context.result["cases"] = context.cases().size();
    };
    return stage;
}

}  // namespace

void killAfter(const std::string& id, int parts) {
    killStage = id;
    killParts = parts;
}
int partsFound() { return found; }

ImagePtr openImage(const std::string& path, int, const fs::path&) {
    std::istringstream in(file::read(path));
    Index shape;
    int seed = 0;
    in >> shape.z >> shape.y >> shape.x >> seed;
    Volume<std::uint8_t> volume(shape);
    Rng rng{std::uint64_t(seed)};
    for (auto& v : volume) v = std::uint8_t(rng.below(256));
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)}, path);
}

fs::path writeImage(const fs::path& folder, const std::string& name, int seed, Index shape) {
    std::ostringstream text;
    text << shape.z << " " << shape.y << " " << shape.x << " " << seed;
    file::write(folder / name, text.str());
    return folder / name;
}

StageList chain() {
    using enum From;
    StageList list;
    list.push_back(make("import", Scope::Case, Rounds::Zero, {}, "image"));
    list.push_back(make("find", Scope::Case, Rounds::Zero, {{"image", Base}}, "pseudo-labels"));
    list.push_back(make("plan", Scope::Project, Rounds::Zero, {{"image", Base}}, "plan"));
    list.push_back(
        make("train", Scope::Project, Rounds::Zero, {{"plan", Base}, {"pseudo-labels", Base}}, "model", true));
    list.push_back(
        make("query", Scope::Project, Rounds::Later, {{"plan", Base}, {"probabilities", Before, true}}, "queue", true));
    list.push_back(make("annotate", Scope::Case, Rounds::Later, {{"queue", Same}, {"edits", Latest}}, "annotations"));
    list.push_back(make("tune", Scope::Project, Rounds::Later,
                        {{"annotations", Same}, {"model", Base, true}, {"plan", Base}}, "model", true));
    list.push_back(make("predict", Scope::Case, Rounds::Any, {{"model", Same}}, "probabilities"));
    list.push_back(make("score", Scope::Project, Rounds::Any, {{"probabilities", Same}}, "scores"));
    for (Stage& stage : list)
        if (stage.id == "annotate") {
            const auto write = stage.run;
            stage.run = [write](StageContext& context) {
                const fs::path journal = context.input("edits", context.cases().front()) / "journal";
                write(context);
                if (!fs::exists(journal)) context.result = {{"state", "waiting"}, {"patches", 4}};
            };
        }
    return list;
}

std::string resultOf(const Project& project, const StageList& stages, const std::string& stage,
                     const std::string& caseId, int round) {
    return textOf(Artifacts(project, stages).folder({stage, caseId, round}));
}

Fixture::Fixture(int images) {
    project = Project::create(temp.path() / "p", openImage);
    for (int i = 0; i < images; ++i)
        project->addCase(writeImage(temp.path(), "image" + std::to_string(i) + ".txt", i).string());
}

void Fixture::run(const std::string& until) {
    Job job;
    fovea::project::run(*project, stages, {.stages = chainUntil(stages, until)}, job);
}

ArtifactState Fixture::state(const std::string& stage, int round, const std::string& caseId) {
    const Artifacts artifacts(*project, stages);
    const Stage& found = stageById(stages, stage);
    return caseId.empty() ? artifacts.state(found, round) : artifacts.state(found, caseId, round);
}

}  // namespace fake
