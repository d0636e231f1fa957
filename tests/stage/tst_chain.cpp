#include <QTest>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "data/synthetic.h"
#include "io/formats.h"
#include "measure/object_stats.h"
#include "nn/tiny_cellsam.h"
#include "open_image.h"
#include "project/licence_notes.h"
#include "project/runner.h"
#include "stage/annotate_from.h"
#include "stage/case_session.h"
#include "stage/feature_file.h"
#include "stage/object_file.h"
#include "stage/stages.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::project;
namespace fs = std::filesystem;

namespace {

// A sample project whose probabilities are made from the truth, in place of the network's stages.
struct Fixture {
    file::TempFolder temp;
    StageList stages = withFakePrediction(stage::stages());
    SyntheticSample sample = makeSample("nuclei", {8, 96, 128}, 3);
    std::unique_ptr<Project> project;

    Fixture() {
        Volume<std::int32_t> truth = sample.truth;
        truth.geometry = sample.image.geometry;
        zarr::save(temp.path() / "cells.zarr", sample.image);
        zarr::save(temp.path() / "truth.zarr", truth, true);
        project = Project::create(temp.path() / "p", openImage);
        NewCase details;
        details.test = "0:8,0:96,96:128";
        details.guard = 8;
        project->addCase((temp.path() / "cells.zarr").string(), details);
        project->assign(stageById(stages, "query"), {"strategy=random", "patches=3", "patch=1,48,32"});
    }

    std::string truth() const { return (temp.path() / "truth.zarr").string(); }

    RunResult run(const std::string& until, bool annotator) {
        Job job;
        RunRequest request{.stages = chainUntil(stages, until)};
        if (annotator)
            request.before = [&](const Stage& stage, int round) {
                if (stage.id == "annotate") stage::commitTruth(Artifacts(*project, stages), round, truth(), job);
            };
        return project::run(*project, stages, request, job);
    }

    fs::path newest(const std::string& kind, const std::string& caseId = "cells") const {
        return *Artifacts(*project, stages).newest(kind, caseId, project->activeRound());
    }

    void runOne(const std::string& stage) {
        Job job;
        project::run(*project, stages, RunRequest{.stages = {stage}}, job);
    }

    Volume<std::int32_t> exported() const {
        return io::open((newest("export") / "cells_labels.tif").string())->readAll<std::int32_t>();
    }

    // Lines of the exported table below its head.
    std::vector<std::string> tableRows() const {
        std::istringstream csv(file::read(newest("export") / "cells_objects.csv"));
        std::vector<std::string> rows;
        for (std::string line; std::getline(csv, line);) rows.push_back(line);
        rows.erase(rows.begin());
        return rows;
    }

    std::size_t folderEntries() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : fs::recursive_directory_iterator(project->caseFolder("cells")))
            ++count;
        return count;
    }

  private:
    // Keeps the stages of this test and puts "predict" before "instances": the truth, slightly worn.
    StageList withFakePrediction(const StageList& all) {
        StageList list;
        for (const Stage& stage : all) {
            if (stage.id == "instances") {
                Stage predict;
                predict.id = "predict";
                predict.title = "predict";
                predict.rounds = Rounds::Any;
                predict.makes = "probabilities";
                predict.run = [this](StageContext& context) {
                    const Volume<std::int32_t>& truth = sample.truth;
                    Volume<std::uint8_t> interior(truth.shape()), border(truth.shape());
                    forEachTile(truth.box(), {1, 1, 1}, [&](const Box& v) {
                        const std::int32_t id = truth[v.begin];
                        if (id == 0) return;
                        const Box around = v.grown({0, 1, 1}).intersected(truth.box());
                        bool edge = false;
                        forEachTile(around, {1, 1, 1}, [&](const Box& n) { edge = edge || truth[n.begin] != id; });
                        (edge ? border : interior)[v.begin] = 220;
                    });
                    zarr::Layout layout;
                    layout.shape = truth.shape();
                    layout.channels = 2;
                    layout.geometry = sample.image.geometry;
                    zarr::Writer writer(context.output() / "probability.zarr", layout);
                    writer.write(0, {0, 0, 0}, interior);
                    writer.write(1, {0, 0, 0}, border);
                };
                list.push_back(predict);
            }
            for (const char* id : {"import", "pseudo-label", "query", "annotate", "instances", "evaluate", "export"})
                if (stage.id == id) list.push_back(stage);
        }
        return list;
    }
};

}  // namespace

class TestChain : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void waitsWithoutLabels() {
        Fixture f;
        const RunResult result = f.run("export", false);
        QVERIFY(result.waiting);
        QCOMPARE(result.json["patches"].get<int>(), 3);
        QVERIFY(fs::exists(f.newest("pseudo-labels") / "labels.zarr"));
        const auto image = file::readJson(f.newest("image") / "image.json");
        QCOMPARE(image["shape"][2].get<int>(), 128);
        QVERIFY(image["intensity"][0]["high"].get<double>() > image["intensity"][0]["low"].get<double>());
        // Nothing is asked where the test is.
        for (const Box& patch : stage::patchesOf(f.newest("queue", ""), "cells")) QVERIFY(patch.end.x <= 88);
    }

    void walksThroughTheLoop() {
        Fixture f;
        f.project->assign(stageById(f.stages, "evaluate"),
                          {"truth=" + f.truth(), "second_truth=" + f.truth(), "min_voxels=20"});
        const RunResult result = f.run("export", true);
        QVERIFY(!result.waiting);
        const auto summary = file::readJson(f.newest("scores", "") / "scores.json")["summary"];
        QVERIFY(summary["f1_after"].get<double>() > summary["f1_before"].get<double>() - 1e-9);
        QVERIFY(summary["dice_after"].get<double>() > 0.95);
        QVERIFY(summary["f1_after"] == summary["f1_after_2"]);
        QVERIFY(summary["held_out"].get<bool>());
        // The snapshot: certain inside complete patches, nothing known elsewhere.
        const auto snapshot = file::readJson(f.newest("annotations") / "snapshot.json");
        QCOMPARE(snapshot["complete_patches"].size(), std::size_t(3));
        const auto weight = zarr::open(f.newest("annotations") / "weight.zarr")->readAll<std::uint8_t>();
        const auto labels = zarr::open(f.newest("annotations") / "labels.zarr")->readAll<std::int32_t>();
        for (const auto& patch : snapshot["complete_patches"])
            forEachTile(boxFromJson(patch), {1, 1, 1}, [&](const Box& v) {
                QCOMPARE(int(weight[v.begin]), 255);
                QCOMPARE(labels[v.begin] != 0, f.sample.truth[v.begin] != 0);
            });
        QCOMPARE(int(weight(0, 0, 127)), 0);
        // Exported: the objects of the round, where the person did not say otherwise; one row per object.
        const auto objects = zarr::open(f.newest("objects") / "labels.zarr")->readAll<std::int32_t>();
        const auto exported = f.exported();
        for (std::int64_t i = 0; i < objects.size(); ++i)
            if (weight.data()[i] != 255) QCOMPARE(exported.data()[i], objects.data()[i]);
        for (const auto& patch : snapshot["complete_patches"]) {
            const Box box = boxFromJson(patch);
            QVERIFY(crop(exported, box) == crop(labels, box));
        }
        QCOMPARE(f.tableRows().size(), measure::objectStats(exported).size());
    }

    // What the window shows is what is exported: verdicts, repairs and objects drawn by hand.
    void exportsWhatWasEdited() {
        Fixture f;
        f.run("pseudo-label", false);
        std::vector<std::int32_t> ids;
        for (const stage::ObjectRow& row : stage::readObjects(f.newest("pseudo-labels") / "objects.json"))
            ids.push_back(row.id);
        QVERIFY(ids.size() >= 4);
        const auto found = zarr::open(f.newest("pseudo-labels") / "labels.zarr")->readAll<std::int32_t>();
        std::int32_t drawn = 0;
        Index place;
        {
            Job job;
            const auto session = stage::openSession(f.project->caseFolder("cells"), f.project->image("cells")->info(),
                                                    f.newest("pseudo-labels"), false, job);
            session->setState({ids[0]}, labels::State::Accepted);
            session->setState({ids[1]}, labels::State::WrongShape);
            session->setState({ids[2]}, labels::State::NothingHere);
            session->setNote(ids[0], "says \"yes\"");
            drawn = session->newId();
            for (place = {4, 0, 0}; found[place] != 0; ++place.x) {
            }
            session->paint("Brush", place, Volume<std::uint8_t>({1, 1, 1}, 1), drawn, "hand");
        }
        const std::size_t entries = f.folderEntries();
        f.runOne("export");
        const auto exported = f.exported();
        for (std::int64_t i = 0; i < found.size(); ++i) {
            if (i == found.offset(place)) continue;
            const std::int32_t was = found.data()[i];
            QCOMPARE(exported.data()[i], was == ids[1] || was == ids[2] ? 0 : was);
        }
        QCOMPARE(exported[place], drawn);
        QCOMPARE(f.folderEntries(), entries);  // the case's own folder is only read
        const auto rows = f.tableRows();
        QCOMPARE(rows.size(), ids.size() - 1);  // two rejected, one drawn
        QVERIFY(rows.front().find(",accepted,") != std::string::npos);
        QVERIFY(rows.front().ends_with("\"says \"\"yes\"\"\""));
        QVERIFY(rows.back().find(std::to_string(drawn) + ",to-review,\"hand\"") == 0);
        QVERIFY(!fs::exists(f.newest("export") / "session"));
        // Newer labels of the project replace what was not decided, and nothing else.
        f.run("instances", true);
        f.runOne("export");
        const auto later = f.exported();
        const auto objects = zarr::open(f.newest("objects") / "labels.zarr")->readAll<std::int32_t>();
        std::int64_t accepted = 0, fresh = 0;
        for (std::int64_t i = 0; i < found.size(); ++i) {
            accepted += found.data()[i] == ids[0] && later.data()[i] == ids[0];
            fresh += later.data()[i] != 0 && later.data()[i] == objects.data()[i];
        }
        QCOMPARE(accepted, std::count(found.begin(), found.end(), ids[0]));
        QVERIFY(fresh > accepted);
    }

    void exportWithNothingIsRefused() {
        Fixture f;
        f.run("import", false);
        QVERIFY_THROWS_EXCEPTION(Error, f.runOne("export"));
    }

    void broughtLabelsBecomeProposals() {
        Fixture f;
        f.project->assign(stageById(f.stages, "pseudo-label"), {"from=" + f.truth()});
        f.run("pseudo-label", false);
        QVERIFY(zarr::open(f.newest("pseudo-labels") / "labels.zarr")->readAll<std::int32_t>() == f.sample.truth);
        for (const stage::ObjectRow& row : stage::readObjects(f.newest("pseudo-labels") / "objects.json")) {
            QCOMPARE(row.source, std::string("brought"));
            QCOMPARE(row.score, 1.0);
        }
        f.project->assign(stageById(f.stages, "pseudo-label"), {"from=" + f.truth(), "box=0:8,0:48,32:96"});
        f.run("pseudo-label", false);
        const Box part{{0, 0, 32}, {8, 48, 96}};
        const auto labels = zarr::open(f.newest("pseudo-labels") / "labels.zarr")->readAll<std::int32_t>();
        QVERIFY(crop(labels, part) == crop(f.sample.truth, part));
        for (const stage::ObjectRow& row : stage::readObjects(f.newest("pseudo-labels") / "objects.json"))
            QVERIFY(part.contains(row.box));
        f.project->assign(stageById(f.stages, "pseudo-label"), {"from=" + f.truth() + ".missing"});
        QVERIFY_THROWS_EXCEPTION(Error, f.run("pseudo-label", false));
    }

    void cellSamProposes() {
        Fixture f;
        f.project->assign(stageById(f.stages, "pseudo-label"), {"engine=cellsam"});
        QVERIFY_THROWS_EXCEPTION(Error, f.run("pseudo-label", false));  // without its weights
        const fs::path weights = f.temp.path() / "tiny.safetensors";
        test::writeTinyCellSam(weights);
        f.project->assign(stageById(f.stages, "pseudo-label"),
                          {"engine=cellsam", "weights=" + weights.string(), "box_score=0", "box=0:3,0:48,32:96"});
        f.run("pseudo-label", false);
        const auto labels = zarr::open(f.newest("pseudo-labels") / "labels.zarr")->readAll<std::int32_t>();
        const auto rows = stage::readObjects(f.newest("pseudo-labels") / "objects.json");
        QVERIFY(!rows.empty());
        const auto stats = measure::objectStats(labels);
        QCOMPARE(rows.size(), stats.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            QCOMPARE(rows[i].source, std::string("cellsam"));
            QCOMPARE(std::int64_t(rows[i].id), stats[i].id);
            QCOMPARE(rows[i].voxels, stats[i].voxels);
            QVERIFY(rows[i].box == stats[i].box);
        }
        // Its restricted licence goes with the labels.
        f.run("export", true);
        const std::string note = file::read(f.newest("export") / "cells_licence.txt");
        QVERIFY(note.find("CellSAM") != std::string::npos && note.find("academic") != std::string::npos);
        QCOMPARE(licenceNotes(Artifacts(*f.project, f.stages)), std::vector<std::string>{note});
        Fixture classical;
        classical.run("export", true);
        QVERIFY(!fs::exists(classical.newest("export") / "cells_licence.txt"));
        QVERIFY(licenceNotes(Artifacts(*classical.project, classical.stages)).empty());
    }

    void annotatorChangesNothingTheSecondTime() {
        Fixture f;
        f.run("annotate", true);
        Job job;
        const Artifacts artifacts(*f.project, f.stages);
        const auto again = stage::commitTruth(artifacts, 1, f.truth(), job);
        QCOMPARE(again.patches, 0);
        QCOMPARE(again.already, 3);
        QCOMPARE(artifacts.state(stageById(f.stages, "annotate"), 1).status, Status::UpToDate);
    }

    void laterRoundsAskElsewhere() {
        Fixture f;
        f.run("instances", true);
        const auto first = stage::patchesOf(f.newest("queue", ""), "cells");
        f.project->beginRound();
        f.run("instances", true);
        const auto second = stage::patchesOf(f.newest("queue", ""), "cells");
        QCOMPARE(second.size(), std::size_t(3));
        for (const Box& a : first)
            for (const Box& b : second) QVERIFY(!a.overlaps(b));
        const auto snapshot = file::readJson(f.newest("annotations") / "snapshot.json");
        QCOMPARE(snapshot["complete_patches"].size(), std::size_t(6));  // labels add up
        QCOMPARE(f.project->activeRound(), 2);
    }

    void acceptedObjectsSurvivePrediction() {
        Fixture f;
        f.run("instances", true);
        const auto accepted = zarr::open(f.newest("annotations") / "labels.zarr")->readAll<std::int32_t>();
        const auto objects = zarr::open(f.newest("objects") / "labels.zarr")->readAll<std::int32_t>();
        int kept = 0;
        for (const stage::ObjectRow& row : stage::readObjects(f.newest("objects") / "objects.json"))
            kept += row.state == "accepted";
        QVERIFY(kept > 0);
        for (std::int64_t i = 0; i < accepted.size(); ++i)
            if (accepted.data()[i]) QCOMPARE(objects.data()[i], accepted.data()[i]);
    }

    void wrongTruthIsRefused() {
        Fixture f;
        zarr::save(f.temp.path() / "small.zarr", Volume<std::int32_t>({8, 96, 100}), true);
        f.run("query", false);
        Job job;
        const Artifacts artifacts(*f.project, f.stages);
        QVERIFY_THROWS_EXCEPTION(Error, stage::commitTruth(artifacts, 1, (f.temp.path() / "small.zarr").string(), job));
        QVERIFY_THROWS_EXCEPTION(Error, stage::commitTruth(artifacts, 1, (f.temp.path() / "none.tif").string(), job));
        QVERIFY_THROWS_EXCEPTION(Error, stage::commitTruth(artifacts, 2, f.truth(), job));
    }

    void badChannelIsRefused() {
        Fixture f;
        f.project->assign(stageById(f.stages, "pseudo-label"), {"channel=1"});
        QVERIFY_THROWS_EXCEPTION(Error, f.run("pseudo-label", false));
    }

    void anImageHeldOutAsAWholeIsLabelledAndNeverAskedFor() {
        Fixture f;
        zarr::save(f.temp.path() / "unseen.zarr", f.sample.image);
        NewCase details;
        details.test = "0:8,0:96,0:128";
        f.project->addCase((f.temp.path() / "unseen.zarr").string(), details);
        f.run("query", false);
        QVERIFY(!stage::readObjects(f.newest("pseudo-labels", "unseen") / "objects.json").empty());
        for (const nlohmann::json& chosen : file::readJson(f.newest("queue", "") / "queue.json")["chosen"])
            QCOMPARE(chosen.at("case").get<std::string>(), std::string("cells"));
    }

    void partOfTheImage() {
        Fixture f;
        f.project->assign(stageById(f.stages, "pseudo-label"), {"box=0:8,0:48,32:96"});
        f.run("pseudo-label", false);
        const auto labels = zarr::open(f.newest("pseudo-labels") / "labels.zarr")->readAll<std::int32_t>();
        QVERIFY((labels.shape() == Index{8, 96, 128}));
        const Box part{{0, 0, 32}, {8, 48, 96}};
        forEachTile(labels.box(), {1, 1, 1}, [&](const Box& v) {
            if (labels[v.begin]) QVERIFY(part.contains(v.begin));
        });
        for (const stage::ObjectRow& row : stage::readObjects(f.newest("pseudo-labels") / "objects.json"))
            QVERIFY(part.contains(row.box));
    }
};

QTEST_APPLESS_MAIN(TestChain)
#include "tst_chain.moc"
