#include <QTest>

#include "base/error.h"
#include "base/file.h"
#include "data/synthetic.h"
#include "io/formats.h"
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

ImagePtr openImage(const std::string& path, int timepoint, const fs::path& cache) {
    return io::open(path, {.timepoint = timepoint, .cache = cache});
}

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
        // Exported: same labels, one row per object.
        const auto objects = zarr::open(f.newest("objects") / "labels.zarr")->readAll<std::int32_t>();
        QVERIFY(io::open((f.newest("export") / "cells_labels.tif").string())->readAll<std::int32_t>() == objects);
        const std::string csv = file::read(f.newest("export") / "cells_objects.csv");
        QCOMPARE(std::size_t(std::count(csv.begin(), csv.end(), '\n')),
                 stage::readObjects(f.newest("objects") / "objects.json").size() + 1);
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
