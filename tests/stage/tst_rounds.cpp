// What is held out for the check, how rounds are scored on it, and which one is put to use.
#include <QTest>
#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "io/formats.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"
#include "open_image.h"
#include "project/runner.h"
#include "stage/annotate_from.h"
#include "stage/case_session.h"
#include "stage/check_patches.h"
#include "stage/object_file.h"
#include "stage/patch_grid.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::project;
namespace fs = std::filesystem;

namespace {

// 48 blocks of 10 × 10 through all sections, six in each patch of 48 × 32.
Volume<std::int32_t> blocks() {
    Volume<std::int32_t> labels({6, 96, 128});
    forEachTile(labels.box(), {1, 1, 1}, [&](const Box& voxel) {
        const Index v = voxel.begin;
        if (v.y % 16 >= 3 && v.y % 16 < 13 && v.x % 16 >= 3 && v.x % 16 < 13)
            labels[v] = std::int32_t(1 + v.y / 16 * 8 + v.x / 16);
    });
    return labels;
}

Volume<std::int32_t> everySecond(Volume<std::int32_t> labels) {
    for (auto& id : labels)
        if (id % 2 == 0) id = 0;
    return labels;
}

// Pseudo-labels are perfect; the objects of a round are what `objects` says. No network takes part.
struct Fixture {
    file::TempFolder temp;
    Volume<std::int32_t> truth = blocks();
    std::map<int, Volume<std::int32_t>> objects;  // by round; else the truth
    StageList stages;
    std::unique_ptr<Project> project;
    Job job;

    explicit Fixture(const std::string& test = "") {
        Volume<std::uint8_t> image(truth.shape());
        for (std::int64_t i = 0; i < image.size(); ++i) image.data()[i] = truth.data()[i] ? 200 : 40;
        zarr::save(temp.path() / "cells.zarr", image);
        zarr::save(temp.path() / "truth.zarr", truth, true);
        stages = {stage::importStage(), stage::pseudoLabelStage({}), stage::queryStage({}), stage::annotateStage(),
                  fakeObjects(),        stage::evaluateStage(),      stage::exportStage()};
        project = Project::create(temp.path() / "p", openImage);
        NewCase details;
        details.test = test;
        project->addCase((temp.path() / "cells.zarr").string(), details);
        set("pseudo-label", "from=" + truthPath());
        set("query", "strategy=random");
        set("query", "patch=1,48,32");
    }

    std::string truthPath() const { return (temp.path() / "truth.zarr").string(); }
    void set(const std::string& stage, const std::string& assignment) {
        project->assign(stageById(stages, stage), {assignment});
    }

    Stage fakeObjects() {
        Stage stage;
        stage.id = "instances";
        stage.title = "objects";
        stage.rounds = Rounds::Any;
        stage.needs = {{"annotations", From::Same, true}};
        stage.makes = "objects";
        stage.run = [this](StageContext& context) {
            const auto given = objects.find(context.round);
            const Volume<std::int32_t>& labels = given == objects.end() ? truth : given->second;
            std::vector<stage::ObjectRow> rows;
            for (const measure::ObjectStats& s : measure::objectStats(labels))
                rows.push_back({std::int32_t(s.id), "to-review", "round", 0.9, s.box, s.voxels});
            stage::writeLabels(context.output(), labels, {}, *context.job);
            stage::writeObjects(context.output() / "objects.json", rows);
        };
        return stage;
    }

    nlohmann::json run(const std::string& until, bool annotator, bool again = false) {
        RunRequest request{.stages = chainUntil(stages, until)};
        request.again = again;
        if (annotator)
            request.before = [&](const Stage& stage, int round) {
                if (stage.id == "annotate") stage::commitTruth(Artifacts(*project, stages), round, truthPath(), job);
            };
        return project::run(*project, stages, request, job).json;
    }
    nlohmann::json runOne(const std::string& stage) {
        return project::run(*project, stages, {.stages = {stage}}, job).json["stages"][0];
    }

    fs::path newest(const std::string& kind, const std::string& caseId = "cells") const {
        return *Artifacts(*project, stages).newest(kind, caseId, project->activeRound());
    }
    nlohmann::json summary() const { return file::readJson(newest("scores", "") / "scores.json")["summary"]; }
    std::vector<Box> queue() const { return stage::patchesOf(newest("queue", ""), "cells"); }
    std::vector<HeldOut> check() const {
        std::vector<HeldOut> held = project->heldOut("cells");
        std::erase_if(held, [](const HeldOut& out) { return !out.check; });
        return held;
    }
    Volume<std::int32_t> exported() const {
        return io::open((newest("export") / "cells_labels.tif").string())->readAll<std::int32_t>();
    }
    // Voxels of objects: those of the truth where everything was found.
    std::int64_t exportedVoxels() const {
        const auto labels = exported();
        return labels.size() - std::count(labels.begin(), labels.end(), 0);
    }
    static constexpr std::int64_t allVoxels = 48 * 100 * 6;
};

}  // namespace

class TestRounds : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void drawsAtRandomAndLeavesEnough() {
        const auto pool = stage::patchGrid("a", {6, 96, 128}, {1, 48, 32}, {});
        QCOMPARE(pool.size(), std::size_t(48));
        const auto drawn = stage::drawCheck(pool, {{"a", {6, 96, 128}}}, 2, 8, 7);
        QCOMPARE(drawn.size(), std::size_t(2));
        QVERIFY(drawn[0].box != drawn[1].box);
        for (const stage::CheckPatch& one : drawn)
            QVERIFY(one.guarded.contains(one.box) && Box::of({6, 96, 128}).contains(one.guarded));
        const auto same = stage::drawCheck(pool, {{"a", {6, 96, 128}}}, 2, 8, 7);
        QVERIFY(same[0].box == drawn[0].box && same[1].box == drawn[1].box);
        const auto other = stage::drawCheck(pool, {{"a", {6, 96, 128}}}, 2, 8, 8);
        QVERIFY(other[0].box != drawn[0].box || other[1].box != drawn[1].box);
        // A small pool: no guard, then fewer, then none.
        const auto four = stage::patchGrid("a", {1, 64, 64}, {1, 32, 32}, {});
        const auto small = stage::drawCheck(four, {{"a", {1, 64, 64}}}, 2, 3, 7);
        QCOMPARE(small.size(), std::size_t(1));
        QVERIFY(small[0].guarded == small[0].box);
        QVERIFY(stage::drawCheck(four, {{"a", {1, 64, 64}}}, 2, 4, 7).empty());
        QVERIFY(stage::drawCheck({}, {}, 2, 0, 7).empty());
    }

    void theFirstQueryHoldsOutOnce() {
        Fixture f;
        f.run("query", false);
        const auto check = f.check();
        QCOMPARE(check.size(), std::size_t(2));
        QCOMPARE(f.queue().size(), std::size_t(8));
        for (const HeldOut& out : check) {
            QVERIFY(out.guarded.contains(out.test));
            for (const Box& patch : f.queue()) QVERIFY(!patch.overlaps(out.guarded));
        }
        const auto split = file::readJson(f.project->caseFolder("cells") / "split.json");
        QCOMPARE(split["check"].size(), std::size_t(2));
        const Artifacts artifacts(*f.project, f.stages);
        QCOMPARE(artifacts.state(stageById(f.stages, "query"), 1).status, Status::UpToDate);
        // Again, with other options, in another process: the same boxes.
        f.set("query", "patches=5");
        f.run("query", false);
        QCOMPARE(f.queue().size(), std::size_t(5));
        const fs::path folder = f.project->folder();
        f.project.reset();
        f.project = Project::open(folder, openImage);
        QCOMPARE(f.check().size(), std::size_t(2));
        for (std::size_t i = 0; i < 2; ++i) QVERIFY(f.check()[i].test == check[i].test);
        // Later rounds neither ask there nor draw more.
        f.run("annotate", true);
        f.project->beginRound();
        f.set("query", "check=6");
        f.run("query", false);
        QCOMPARE(f.check().size(), std::size_t(2));
        for (const HeldOut& out : f.check())
            for (const Box& patch : f.queue()) QVERIFY(!patch.overlaps(out.guarded));
    }

    void aTestPartOrANumberDecides() {
        Fixture test("0:6,0:96,96:128");
        test.run("query", false);
        QVERIFY(test.check().empty());
        QCOMPARE(test.queue().size(), std::size_t(8));
        Fixture none;
        none.set("query", "check=0");
        none.run("query", false);
        QVERIFY(none.check().empty());
        none.set("query", "check=4");  // still the first round: more may be drawn
        none.run("query", false);
        QCOMPARE(none.check().size(), std::size_t(4));
    }

    void aRoundWithoutQueryForgetsNothing() {
        Fixture f;
        f.run("instances", true);
        const auto first = f.queue();
        f.project->beginRound();
        f.runOne("annotate");
        f.project->beginRound();
        f.runOne("query");
        for (const Box& a : first)
            for (const Box& b : f.queue()) QVERIFY(!a.overlaps(b));
        QCOMPARE(f.check().size(), std::size_t(2));
    }

    void nothingLearnsFromTheCheck() {
        Fixture f;
        for (int round = 1; round <= 2; ++round) {
            if (round > 1) f.project->beginRound();
            f.run("annotate", true);
            const auto weight = zarr::open(f.newest("annotations") / "weight.zarr")->readAll<std::uint8_t>();
            const auto labels = zarr::open(f.newest("annotations") / "labels.zarr")->readAll<std::int32_t>();
            for (const HeldOut& out : f.check()) {
                for (const std::uint8_t w : crop(weight, out.guarded)) QCOMPARE(int(w), 0);
                for (const std::int32_t id : crop(labels, out.guarded)) QCOMPARE(id, 0);
            }
            const auto snapshot = file::readJson(f.newest("annotations") / "snapshot.json");
            QCOMPARE(snapshot["complete_patches"].size(), std::size_t(8 * round));
            QCOMPARE(snapshot["check_patches"].size(), std::size_t(2));
            for (const auto& patch : snapshot["complete_patches"])
                for (const HeldOut& out : f.check()) QVERIFY(!boxFromJson(patch).overlaps(out.guarded));
            QVERIFY(std::count(weight.begin(), weight.end(), 255) > 0);
        }
    }

    // Who labelled the check only has nothing to learn from.
    void theCheckAloneTeachesNothing() {
        Fixture f;
        f.run("query", false);
        {
            const auto session = stage::openSession(f.project->caseFolder("cells"), f.project->image("cells")->info(),
                                                    f.newest("pseudo-labels"), false, f.job);
            session->setPatchComplete(f.check()[0].test, true);
        }
        const auto result = f.run("evaluate", false);
        QCOMPARE(result["state"].get<std::string>(), std::string("waiting"));
        QCOMPARE(result["patches"].get<int>(), 8);
    }

    void scoresAgainstThePerson() {
        Fixture f;
        f.objects[1] = everySecond(f.truth);
        const auto result = f.run("evaluate", true);
        const auto s = f.summary();
        QCOMPARE(s["check_boxes"].get<int>(), 2);
        QCOMPARE(s["check_complete"].get<int>(), 2);
        QCOMPARE(s["true_objects"].get<int>(), 12);  // six in each patch, each seen in one section of six
        QCOMPARE(s["enough_objects"].get<bool>(), false);
        QCOMPARE(s["f1_before"].get<double>(), 1.0);
        QVERIFY(std::abs(s["f1_after"].get<double>() - 2.0 / 3) < 1e-9);
        QVERIFY(std::abs(s["dice_after"].get<double>() - 2.0 / 3) < 1e-9);
        QVERIFY(s["held_out"].get<bool>());
        QVERIFY(s["interval_after"].size() == 2);
        const auto scored = file::readJson(f.newest("scores", "") / "scores.json")["truths"][0];
        QCOMPARE(scored["boxes"].size(), std::size_t(2));
        QVERIFY(scored["cases"]["cells"] == scored["scores"]);  // the only image: all of its boxes
        // The chain says it too.
        QCOMPARE(result["promoted"].get<bool>(), false);
        QCOMPARE(result["in_use"].get<int>(), 0);
    }

    void nobodyReviewedTheCheck() {
        Fixture f;
        f.run("query", false);
        {
            const auto session = stage::openSession(f.project->caseFolder("cells"), f.project->image("cells")->info(),
                                                    f.newest("pseudo-labels"), false, f.job);
            session->setPatchComplete(f.queue()[0], true);
        }
        f.objects[1] = everySecond(f.truth);
        const auto result = f.run("evaluate", false);
        QCOMPARE(f.summary()["check_complete"].get<int>(), 0);
        QVERIFY(!f.summary().contains("f1_after"));
        QCOMPARE(f.summary()["judged"].get<bool>(), false);
        QCOMPARE(result["promoted"].get<bool>(), true);
        QCOMPARE(f.project->inUse(), 1);
        // Labelled later: the same round is scored, nothing is trained again, and it turns out to be worse.
        {
            const auto session = stage::openSession(f.project->caseFolder("cells"), f.project->image("cells")->info(),
                                                    f.newest("pseudo-labels"), false, f.job);
            session->setPatchComplete(f.check()[1].test, true);
        }
        const Artifacts artifacts(*f.project, f.stages);
        QVERIFY(artifacts.state(stageById(f.stages, "evaluate"), 1).editsOnly);
        const auto row = f.runOne("evaluate");
        QCOMPARE(row["result"]["check_complete"].get<int>(), 1);
        QCOMPARE(row["result"]["true_objects"].get<int>(), 6);
        QCOMPARE(row["result"]["promoted"].get<bool>(), false);
        QCOMPARE(row["result"]["in_use"].get<int>(), 0);
    }

    // Unsure objects and places of a wrong shape count on neither side.
    void whatIsUndecidedDoesNotCount() {
        Fixture f;
        f.run("query", false);
        const Box box = f.check()[0].test;
        std::vector<std::int32_t> inside;
        for (const measure::ObjectStats& s : measure::objectStats(crop(f.truth, box)))
            inside.push_back(std::int32_t(s.id));
        QCOMPARE(inside.size(), std::size_t(6));
        {
            const auto session = stage::openSession(f.project->caseFolder("cells"), f.project->image("cells")->info(),
                                                    f.newest("pseudo-labels"), false, f.job);
            session->setState({inside[0]}, labels::State::Unsure);
            session->setState({inside[1]}, labels::State::WrongShape);
            session->setState({inside[2]}, labels::State::NothingHere);
            session->setPatchComplete(box, true);
            session->setPatchComplete(f.queue()[0], true);
        }
        f.run("evaluate", false);
        const auto s = f.summary();
        QCOMPARE(s["true_objects"].get<int>(), 3);
        const auto all = file::readJson(f.newest("scores", "") / "scores.json");
        const auto after = all["truths"][0]["scores"]["objects"];
        QCOMPARE(after["fp"].get<int>(), 1);  // where nothing is
        QCOMPARE(after["tp"].get<int>(), 3);
    }

    void aWorseRoundIsKeptButNotUsed() {
        Fixture f;
        f.objects[1] = everySecond(f.truth);
        f.objects[3] = everySecond(f.truth);
        f.run("export", true);
        QCOMPARE(f.project->inUse(), 0);
        QCOMPARE(f.exportedVoxels(), Fixture::allVoxels);  // what was found at first
        QVERIFY(fs::exists(f.newest("objects") / "labels.zarr"));
        // By hand, and back. A round asked for by its number changes nothing about what is in use.
        f.project->use(1);
        f.runOne("export");
        const std::int64_t worse = f.exportedVoxels();
        QVERIFY(worse < Fixture::allVoxels);
        QCOMPARE(f.runOne("evaluate")["result"]["in_use"].get<int>(), 1);  // the person's word counts in this round
        f.project->use(0);
        f.runOne("export");
        QCOMPARE(f.exportedVoxels(), Fixture::allVoxels);
        f.set("export", "round=1");
        f.runOne("export");
        QCOMPARE(f.exportedVoxels(), worse);
        QCOMPARE(f.project->inUse(), 0);
        f.set("export", "round=7");
        QVERIFY_THROWS_EXCEPTION(Error, f.runOne("export"));
        f.set("export", "round=-1");
        // As good as what is in use: put to use. Then worse again: the better one stays.
        f.project->beginRound();
        QCOMPARE(f.run("export", true)["promoted"].get<bool>(), true);
        QCOMPARE(f.project->inUse(), 2);
        f.project->beginRound();
        QCOMPARE(f.project->inUse(), 2);
        const auto third = f.run("export", true);
        QCOMPARE(third["promoted"].get<bool>(), false);
        QCOMPARE(third["in_use"].get<int>(), 2);
        QCOMPARE(f.summary()["rival"].get<int>(), 2);
        QCOMPARE(f.exportedVoxels(), Fixture::allVoxels);
        // All rounds are scored on the same objects.
        const auto methods = file::readJson(f.newest("scores", "") / "scores.json")["truths"][0]["scores"];
        for (const char* method : {"pseudo-labels", "objects@1", "objects@2", "objects"})
            QVERIFY(methods[method]["true_objects"] == methods["objects"]["true_objects"]);
        QVERIFY(methods["objects@2"]["f1"].get<double>() > methods["objects@1"]["f1"].get<double>());
        // Told again when nothing is new, and kept over a restart.
        QCOMPARE(f.run("evaluate", true)["in_use"].get<int>(), 2);
        const fs::path folder = f.project->folder();
        f.project.reset();
        f.project = Project::open(folder, openImage);
        QCOMPARE(f.project->inUse(), 2);
    }

    // Exporting what is in use tells when that is not what was made last, and why.
    void exportTellsOfARoundThatWasNotScored() {
        Fixture f;
        f.run("evaluate", true);
        QCOMPARE(f.project->inUse(), 1);
        QVERIFY(!f.runOne("export").contains("warning"));
        f.project->beginRound();
        QVERIFY(!f.runOne("export").contains("warning"));  // nothing was made yet
        f.objects[2] = everySecond(f.truth);
        f.run("instances", true);
        const auto row = f.runOne("export");
        QCOMPARE(f.exportedVoxels(), Fixture::allVoxels);
        const std::string warning = row.value("warning", std::string());
        for (const char* part : {"Round 2 was never scored", "round 1 is taken"})
            QVERIFY2(warning.find(part) != std::string::npos, warning.c_str());
        QVERIFY(f.runOne("export").contains("warning"));  // also when it is there already
        f.set("export", "round=2");
        QVERIFY(!f.runOne("export").contains("warning"));
        f.set("export", "round=-1");
        f.runOne("evaluate");
        QVERIFY(!f.runOne("export").contains("warning"));
    }

    // A test part with a truth file: compared there, with the same consequence.
    void aTruthFileDecidesToo() {
        Fixture f("0:6,0:96,96:128");
        f.set("evaluate", "truth=" + f.truthPath());
        f.objects[1] = everySecond(f.truth);
        const auto result = f.run("evaluate", true);
        QCOMPARE(f.summary()["true_objects"].get<int>(), 12);
        QCOMPARE(result["promoted"].get<bool>(), false);
        QCOMPARE(f.summary()["f1_rival"].get<double>(), 1.0);
    }
};

QTEST_APPLESS_MAIN(TestRounds)
#include "tst_rounds.moc"
