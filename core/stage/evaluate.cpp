#include "base/file.h"
#include "stage/given_labels.h"
#include "stage/object_file.h"
#include "stage/scoring.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// What is scored: the method's name in scores.json and the artifact its labels come from.
constexpr std::pair<const char*, const char*> methods[] = {{"pseudo-labels", "pseudo-labels"}, {"objects", "objects"}};

struct TestCase {
    std::string id;
    Box test;
};

// Cases with something held out; when nothing is, all of everything (and the report says so).
std::vector<TestCase> testCases(const StageContext& context, bool& heldOut) {
    std::vector<TestCase> held, all;
    for (const std::string& id : context.cases()) {
        all.push_back({id, Box::of(context.image(id)->info().shape())});
        for (const project::HeldOut& out : context.heldOut(id)) held.push_back({id, out.test});
    }
    heldOut = !held.empty();
    return heldOut ? held : all;
}

json scoreAgainst(StageContext& context, const std::string& truthPath, const std::vector<TestCase>& tests, Job& job) {
    std::map<std::string, Scores> sums;
    json perCase = json::object();
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const TestCase& test = tests[i];
        job.check();
        job.progress(double(i), double(tests.size()), {FOVEA_TR("Scoring {id}"), {{"id", test.id}}});
        const Index shape = context.image(test.id)->info().shape();
        const Volume<std::int32_t> truth =
            givenLabels(*context.open(givenPath(truthPath, test.id, context.cases().size())), shape);
        for (const auto& [method, kind] : methods)
            if (const auto folder = context.find(kind, test.id)) {
                const auto labels = zarr::open(*folder / "labels.zarr")->readAll<std::int32_t>();
                const Scores scores = scoreInside(truth, labels, test.test, context.options.integer("min_voxels"), job);
                sums[method] += scores;
                perCase[test.id][method] = toJson(scores, context.seed);
            }
    }
    json out = {{"truth", truthPath}, {"cases", perCase}};
    for (const auto& [method, scores] : sums) out["scores"][method] = toJson(scores, context.seed);
    return out;
}

std::int64_t countObjects(const StageContext& context, const char* kind) {
    std::int64_t n = 0;
    for (const std::string& id : context.cases())
        if (const auto folder = context.find(kind, id)) n += std::int64_t(readObjects(*folder / "objects.json").size());
    return n;
}

void run(StageContext& context) {
    bool heldOut = false;
    const std::vector<TestCase> tests = testCases(context, heldOut);
    json scores = {{"held_out", heldOut}, {"truths", json::array()}};
    std::vector<std::string> truths;
    for (const char* option : {"truth", "second_truth"})
        if (const std::string path = context.options.string(option); !path.empty()) truths.push_back(path);
    for (std::size_t i = 0; i < truths.size(); ++i) {
        JobPart part(*context.job, double(i) / double(truths.size()), double(i + 1) / double(truths.size()));
        scores["truths"].push_back(scoreAgainst(context, truths[i], tests, part));
    }
    json& result = context.result;
    result["objects"] = countObjects(context, "objects");
    if (truths.empty()) {
        result["truth"] = nullptr;
        context.job->message(MessageLevel::Info,
                             FOVEA_TR("No truth was given, so nothing was scored. Set truth to a label file."));
    }
    for (std::size_t i = 0; i < truths.size(); ++i) {
        const std::string suffix = i == 0 ? "" : "_2";
        const json by = scores["truths"][i].value("scores", json::object());
        for (const auto& [method, name] : {std::pair("pseudo-labels", "before"), std::pair("objects", "after")})
            if (by.contains(method))
                for (const char* score : {"f1", "f1_75", "dice", "splits", "merges", "interval"})
                    result[std::string(score) + "_" + name + suffix] = by[method][score];
        if (!by.empty()) {
            result["true_objects" + suffix] = by.begin().value()["true_objects"];
            result["enough_objects" + suffix] = by.begin().value()["enough_objects"];
        }
    }
    result["held_out"] = heldOut;
    scores["summary"] = result;
    file::writeJson(context.output() / "scores.json", scores);
}

}  // namespace

Stage evaluateStage() {
    using project::From;
    Stage stage;
    stage.id = "evaluate";
    stage.title = FOVEA_TR("Score");
    stage.help = FOVEA_TR("Compares objects with a given truth inside the test boxes, before and after learning.");
    stage.scope = project::Scope::Project;
    stage.rounds = project::Rounds::Any;
    stage.needs = {{"image", From::Base}, {"pseudo-labels", From::Base, true}, {"objects", From::Same}};
    stage.makes = "scores";
    stage.options = {{.name = "truth",
                      .type = OptionType::Path,
                      .defaultValue = "",
                      .help = FOVEA_TR("Label file, series or Zarr; {case} in it stands for the image's name")},
                     {.name = "second_truth",
                      .type = OptionType::Path,
                      .defaultValue = "",
                      .help = FOVEA_TR("Another truth, scored beside the first")},
                     {.name = "min_voxels",
                      .type = OptionType::Int,
                      .defaultValue = 200,
                      .help = FOVEA_TR("Smaller objects are not counted"),
                      .unit = "voxels",
                      .least = 0}};
    stage.run = run;
    return stage;
}

}  // namespace fovea::stage
