#include <QTest>

#include "base/error.h"
#include "project/fake_project.h"

using namespace fovea;
using namespace fovea::project;
using fake::Fixture;
namespace fs = std::filesystem;

namespace {

// Stages that are not up to date in a round, in chain order.
std::vector<std::string> notFresh(Fixture& f, int round) {
    std::vector<std::string> ids;
    for (const Stage& stage : f.stages)
        if (Artifacts::roundOf(stage, round) == round && f.state(stage.id, round).status != Status::UpToDate)
            ids.push_back(stage.id);
    return ids;
}

using Ids = std::vector<std::string>;

void edit(Fixture& f, const std::string& caseId, const std::string& text) {
    file::Appender journal(f.project->caseFolder(caseId) / "journal");
    journal.append(text);
    journal.sync();
}

void set(Fixture& f, const std::string& stage, int level) {
    f.project->setOptions(stageById(f.stages, stage), {{"level", level}});
}

// Round 0 with a prediction, round 1 complete.
void finishRoundOne(Fixture& f) {
    f.run("train");
    Job job;
    run(*f.project, f.stages, {.stages = {"predict", "score"}}, job);
    edit(f, "image0", "a");
    edit(f, "image1", "b");
    f.run("score");
}

}  // namespace

class TestArtifacts : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void everythingIsMissingAtFirst() {
        Fixture f;
        for (const Stage& stage : f.stages)
            QCOMPARE(f.state(stage.id, Artifacts::roundOf(stage, 0)).status, Status::Missing);
    }

    void changedOptionMakesDownstreamStale() {
        Fixture f;
        f.run("train");
        QCOMPARE(notFresh(f, 0), (Ids{"predict", "score"}));
        set(f, "find", 2);
        QCOMPARE(f.state("import", 0).status, Status::UpToDate);
        QCOMPARE(f.state("find", 0).status, Status::Stale);
        QVERIFY(f.state("find", 0).reason.str().find("level") != std::string::npos);
        QCOMPARE(f.state("plan", 0).status, Status::UpToDate);
        QCOMPARE(f.state("train", 0).status, Status::Stale);
        set(f, "find", 1);  // back again: nothing happened
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);
        set(f, "train", 3);
        QCOMPARE(f.state("find", 0).status, Status::UpToDate);
        QCOMPARE(f.state("train", 0).status, Status::Stale);
    }

    void seedTouchesRandomStagesOnly() {
        Fixture f;
        f.run("train");
        f.project->setSeed(5);
        QCOMPARE(f.state("find", 0).status, Status::UpToDate);
        QCOMPARE(f.state("plan", 0).status, Status::UpToDate);
        QCOMPARE(f.state("train", 0).status, Status::Stale);
    }

    void newImageTouchesProjectStages() {
        Fixture f(1);
        f.run("train");
        f.project->addCase(fake::writeImage(f.temp.path(), "more.txt", 44).string());
        QCOMPARE(f.state("find", 0, "image0").status, Status::UpToDate);
        QCOMPARE(f.state("find", 0, "more").status, Status::Missing);
        QCOMPARE(f.state("plan", 0).status, Status::Stale);
        f.run("train");
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);
    }

    void roundsReadTheRightThings() {
        Fixture f;
        finishRoundOne(f);
        QCOMPARE(f.project->activeRound(), 1);
        const Artifacts artifacts(*f.project, f.stages);
        const nlohmann::json query = artifacts.recipe(stageById(f.stages, "query"), "", 1)["inputs"];
        QCOMPARE(query["probabilities/image0"]["from"].get<std::string>(), std::string("predict/image0@0"));
        const nlohmann::json predict = artifacts.recipe(stageById(f.stages, "predict"), "image0", 1)["inputs"];
        QCOMPARE(predict["model"]["from"].get<std::string>(), std::string("tune@1"));
        const nlohmann::json zero = artifacts.recipe(stageById(f.stages, "predict"), "image0", 0)["inputs"];
        QCOMPARE(zero["model"]["from"].get<std::string>(), std::string("train@0"));
        QVERIFY(artifacts.newest("probabilities", "image1", 1)->string().find("/1/predict/image1") !=
                std::string::npos);
        QCOMPARE(artifacts.makerOf("model", 0), std::string("train"));
        QCOMPARE(artifacts.makerOf("model", 1), std::string("tune"));
    }

    void editsAloneMakeNothingDownstreamStale() {
        Fixture f;
        finishRoundOne(f);
        QCOMPARE(notFresh(f, 1), Ids{});
        edit(f, "image0", "one more stroke");
        const ArtifactState state = f.state("annotate", 1, "image0");
        QCOMPARE(state.status, Status::Stale);
        QVERIFY(state.editsOnly);
        QCOMPARE(f.state("annotate", 1, "image1").status, Status::UpToDate);
        QCOMPARE(notFresh(f, 1), (Ids{"annotate"}));
        Job job;
        run(*f.project, f.stages, {.stages = {"annotate"}}, job);  // the snapshot is what counts
        QCOMPARE(notFresh(f, 1), (Ids{"tune", "predict", "score"}));
    }

    void finishedRoundsNeverGoStale() {
        Fixture f;
        finishRoundOne(f);
        set(f, "find", 7);
        set(f, "tune", 7);
        QCOMPARE(notFresh(f, 0), Ids{});                              // finished
        QCOMPARE(notFresh(f, 1), (Ids{"tune", "predict", "score"}));  // active: only what depends on it here
        f.project->beginRound();
        edit(f, "image0", "later");
        f.project->setSeed(99);
        QCOMPARE(notFresh(f, 1), Ids{});
        const std::string before = fake::resultOf(*f.project, f.stages, "tune", "", 1);
        f.run("score");
        QCOMPARE(fake::resultOf(*f.project, f.stages, "tune", "", 1), before);
        QVERIFY(fake::resultOf(*f.project, f.stages, "tune", "", 2) != before);
        // Going back makes it the active one; it stays as it is even when asked to run again.
        f.project->activate(1);
        Job job;
        const RunResult result = run(*f.project, f.stages, {.stages = {"tune"}, .again = true}, job);
        QCOMPARE(result.json["stages"][0]["state"].get<std::string>(), std::string("up-to-date"));
        QCOMPARE(fake::resultOf(*f.project, f.stages, "tune", "", 1), before);
        // A round begun from there continues it, not the newest.
        QCOMPARE(f.project->beginRound(), 3);
        QCOMPARE(f.project->parentOf(3), 1);
        const auto query = Artifacts(*f.project, f.stages).recipe(stageById(f.stages, "query"), "", 3)["inputs"];
        QCOMPARE(query["probabilities/image0"]["from"].get<std::string>(), std::string("predict/image0@1"));
        QVERIFY_THROWS_EXCEPTION(Error, f.project->activate(9));
    }

    void changedFileOfAnOptionMakesStale() {
        Fixture f;
        f.stages.back().options.push_back(
            {.name = "truth", .type = OptionType::Path, .defaultValue = "", .help = "Labels"});
        const Stage& score = f.stages.back();
        const fs::path truth = f.temp.path() / "truth-image0.txt";
        file::write(truth, "a");
        f.project->setOptions(score, {{"truth", (f.temp.path() / "truth-{case}.txt").string()}});
        f.run("train");
        Job job;
        run(*f.project, f.stages, {.stages = {"predict", "score"}}, job);
        QCOMPARE(f.state("score", 0).status, Status::UpToDate);
        file::write(truth, "b");
        QCOMPARE(notFresh(f, 0), (Ids{"score"}));
        QVERIFY(f.state("score", 0).reason.str().find("truth") != std::string::npos);
        run(*f.project, f.stages, {.stages = {"score"}}, job);
        QCOMPARE(f.state("score", 0).status, Status::UpToDate);
        file::write(truth, "b");
        QCOMPARE(f.state("score", 0).status, Status::UpToDate);
        f.project->beginRound();
        file::remove(truth);  // what is finished stays
        QCOMPARE(f.state("score", 0).status, Status::UpToDate);
    }

    void madeAgainMakesDownstreamStale() {
        Fixture f;
        f.run("train");
        Job job;
        run(*f.project, f.stages, {.stages = {"find"}, .again = true}, job);
        QCOMPARE(f.state("find", 0).status, Status::UpToDate);
        QCOMPARE(f.state("train", 0).status, Status::Stale);
        QVERIFY(f.state("train", 0).reason.str().find("pseudo-labels") != std::string::npos);
    }

    void damagedManifestIsAnError() {
        Fixture f(1);
        f.run("import");
        const fs::path manifest = Artifacts(*f.project, f.stages).folder({"import", "image0", 0}) / "manifest.json";
        for (const char* text : {"", "{", "[]", "{}", R"({"hash":3})"}) {
            file::write(manifest, text);
            QVERIFY_THROWS_EXCEPTION(Error, f.state("import", 0));
        }
    }
};

QTEST_APPLESS_MAIN(TestArtifacts)
#include "tst_artifacts.moc"
