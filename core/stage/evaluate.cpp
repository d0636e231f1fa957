#include <algorithm>
#include <map>

#include "base/file.h"
#include "stage/check_labels.h"
#include "stage/given_labels.h"
#include "stage/object_file.h"
#include "stage/scoring.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// What is scored: "pseudo-labels", "objects@1" of an earlier round, "objects" of this one, with the slot its labels
// come from.
std::vector<std::string> methodsOf(const StageContext& context, const std::string& caseId) {
    std::vector<std::string> methods{"pseudo-labels"};
    for (int round = 0; round < context.round; ++round) methods.push_back("objects@" + std::to_string(round));
    methods.push_back("objects");
    std::erase_if(methods, [&](const std::string& method) { return !context.find(method, caseId); });
    return methods;
}

struct TestCase {
    std::string id;
    Box test;
    bool check = false;  // a check box: where it is one voxel thick, an object is what is seen of it there
};

// What is held out: with a truth the test part (else the check boxes), without one the check boxes. Where nothing is, a
// truth is compared with all of everything, and the report says so.
struct Tests {
    std::vector<TestCase> held, check, all;
    const std::vector<TestCase>& forTruth() const { return !held.empty() ? held : !check.empty() ? check : all; }
};

Tests testsOf(const StageContext& context) {
    Tests tests;
    for (const std::string& id : context.cases()) {
        tests.all.push_back({id, Box::of(context.image(id)->info().shape())});
        for (const project::HeldOut& out : context.heldOut(id))
            (out.check ? tests.check : tests.held).push_back({id, out.test, out.check});
    }
    return tests;
}

// Scores of each method against one truth, summed over boxes: of all images, and of each.
struct Against {
    std::string truth;
    std::map<std::string, Scores> sums = {};
    std::map<std::string, std::map<std::string, Scores>> cases = {};
    json boxes = json::array();

    void add(const TestCase& test, const std::string& method, const Scores& scores) {
        sums[method] += scores;
        cases[test.id][method] += scores;
    }
    json toJsonWith(std::uint64_t seed) const {
        json out = {{"truth", truth}, {"cases", json::object()}, {"boxes", boxes}};
        for (const auto& [method, scores] : sums) out["scores"][method] = toJson(scores, seed);
        for (const auto& [id, methods] : cases)
            for (const auto& [method, scores] : methods) out["cases"][id][method] = toJson(scores, seed);
        return out;
    }
};

json placeOf(const TestCase& test) { return {{"case", test.id}, {"box", toJson(test.test)}}; }

// The box and as much again on each side, so that it shows how far objects reach; where a patch is one voxel thick, an
// object is what is seen of it there.
Box surroundings(const Box& box, Index shape) {
    Index margin = box.extent();
    for (int axis = 0; axis < 3; ++axis)
        if (margin[axis] == 1) margin[axis] = 0;
    return box.grown(margin).intersected(Box::of(shape));
}

Against scoreAgainst(StageContext& context, const std::string& truthPath, const std::vector<TestCase>& tests,
                     Job& job) {
    Against against{truthPath};
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const TestCase& test = tests[i];
        job.check();
        job.progress(double(i), double(tests.size()), {FOVEA_TR("Scoring {id}"), {{"id", test.id}}});
        const Index shape = context.image(test.id)->info().shape();
        const Volume<std::int32_t> truth =
            givenLabels(*context.open(givenPath(truthPath, test.id, context.cases().size())), shape);
        for (const std::string& method : methodsOf(context, test.id)) {
            const ImagePtr found = zarr::open(*context.find(method, test.id) / "labels.zarr");
            const Box region = surroundings(test.test, shape);
            const std::int64_t least = context.options.integer("min_voxels");
            against.add(test, method,
                        test.check ? scoreLabelled(crop(truth, region), found->readAs<std::int32_t>(region),
                                                   Volume<std::uint8_t>(region.extent()),
                                                   test.test.shifted(Index{} - region.begin), job)
                                   : scoreInside(truth, found->readAll<std::int32_t>(), test.test, least, job));
        }
        against.boxes.push_back(placeOf(test));
    }
    return against;
}

// Against what a person labelled in the check boxes that are complete.
Against scoreCheck(StageContext& context, const std::vector<TestCase>& tests, Job& job) {
    Against against{"check"};
    for (const std::string& id : context.cases()) {
        if (std::none_of(tests.begin(), tests.end(), [&](const TestCase& test) { return test.id == id; })) continue;
        const auto person = openCheckLabels(context, id);
        for (const TestCase& test : tests) {
            if (!person || test.id != id || !person->complete(test.test)) continue;
            job.check();
            const Box region = surroundings(test.test, context.image(id)->info().shape());
            const CheckLabels::Part part = person->read(region);
            for (const std::string& method : methodsOf(context, id)) {
                const auto labels = zarr::open(*context.find(method, id) / "labels.zarr")->readAs<std::int32_t>(region);
                against.add(
                    test, method,
                    scoreLabelled(part.labels, labels, part.ignored, test.test.shifted(Index{} - region.begin), job));
            }
            against.boxes.push_back(placeOf(test));
        }
    }
    return against;
}

std::int64_t countObjects(const StageContext& context, const char* kind) {
    std::int64_t n = 0;
    for (const std::string& id : context.cases())
        if (const auto folder = context.find(kind, id)) n += std::int64_t(readObjects(*folder / "objects.json").size());
    return n;
}

// Whether this round is put to use, and beside what it was looked at.
void judge(StageContext& context, const Against* against) {
    if (context.round == 0) return;
    json& result = context.result;
    std::string rival = "pseudo-labels";
    Promotion verdict;
    if (against && against->sums.contains("objects")) {
        for (int round = context.rival; round >= 0 && rival == "pseudo-labels"; --round)
            if (const std::string method = "objects@" + std::to_string(round); against->sums.contains(method))
                rival = method;
        const Scores now = against->sums.at("objects"),
                     used = against->sums.contains(rival) ? against->sums.at(rival) : Scores{};
        verdict = comparePaired(used, now, context.seed);
        result["f1_rival"] = used.f1();
        result["dice_rival"] = used.dice();
        result["difference"] = {verdict.low, verdict.high};
    }
    result["judged"] = verdict.judged;
    result["promoted"] = verdict.promoted;
    result["rival"] = context.rival;
    result["in_use"] = verdict.promoted ? context.round : context.rival;
}

void summarise(json& result, const Against& against, const std::string& suffix, std::uint64_t seed) {
    for (const auto& [method, name] : {std::pair("pseudo-labels", "before"), std::pair("objects", "after")})
        if (against.sums.contains(method)) {
            const json by = toJson(against.sums.at(method), seed);
            for (const char* score : {"f1", "f1_75", "dice", "splits", "merges", "interval"})
                result[std::string(score) + "_" + name + suffix] = by[score];
            result["true_objects" + suffix] = by["true_objects"];
            result["enough_objects" + suffix] = by["enough_objects"];
        }
}

void run(StageContext& context) {
    const Tests tests = testsOf(context);
    std::vector<std::string> truths;
    for (const char* option : {"truth", "second_truth"})
        if (const std::string path = context.options.string(option); !path.empty()) truths.push_back(path);
    std::vector<Against> scored;
    for (std::size_t i = 0; i < truths.size(); ++i) {
        JobPart part(*context.job, double(i) / double(truths.size()), double(i + 1) / double(truths.size()));
        scored.push_back(scoreAgainst(context, truths[i], tests.forTruth(), part));
    }
    json& result = context.result;
    if (truths.empty()) {
        Against check = scoreCheck(context, tests.check, *context.job);
        result["truth"] = nullptr;
        result["check_boxes"] = tests.check.size();
        result["check_complete"] = check.boxes.size();
        if (check.boxes.empty())
            context.job->message(
                MessageLevel::Info,
                tests.check.empty()
                    ? FOVEA_TR("Nothing was set aside to check this round with, so it has no figures.")
                    : FOVEA_TR("No patch held out for the check is reviewed yet, so this round has no figures. Review "
                               "one completely, then score again."));
        else
            scored.push_back(std::move(check));
    }
    result["objects"] = countObjects(context, "objects");
    for (std::size_t i = 0; i < scored.size(); ++i) summarise(result, scored[i], i == 0 ? "" : "_2", context.seed);
    result["held_out"] = truths.empty() ? !scored.empty() : &tests.forTruth() != &tests.all;
    judge(context, scored.empty() ? nullptr : &scored.front());
    json scores = {{"held_out", result["held_out"]}, {"truths", json::array()}};
    for (const Against& one : scored) scores["truths"].push_back(one.toJsonWith(context.seed));
    scores["summary"] = result;
    file::writeJson(context.output() / "scores.json", scores);
}

}  // namespace

Stage evaluateStage() {
    using project::From;
    Stage stage;
    stage.id = "evaluate";
    stage.title = FOVEA_TR("Score");
    stage.help = FOVEA_TR(
        "Compares objects before and after learning with a given truth in the test part, or with what a person "
        "labelled "
        "in the check patches; a round that is worse than what is in use is not put to use.");
    stage.scope = project::Scope::Project;
    stage.rounds = project::Rounds::Any;
    stage.needs = {{"image", From::Base},
                   {"pseudo-labels", From::Base, true},
                   {"objects", From::Earlier, true},
                   {"objects", From::Same},
                   {"edits", From::Latest, true}};
    stage.makes = "scores";
    stage.options = {
        {.name = "truth",
         .type = OptionType::Path,
         .defaultValue = "",
         .help = FOVEA_TR("Label file, series or Zarr; {case} in it stands for the image's name; empty = what "
                          "was labelled in the check patches")},
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
