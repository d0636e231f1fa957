#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTest>
#include <new>

#include "base/error.h"
#include "base/rng.h"
#include "project/fake_project.h"
#include "project/work_order.h"
#include "support/cancel_at.h"

using namespace fovea;
using namespace fovea::project;
using fake::Fixture;
namespace fs = std::filesystem;

namespace {

class Recorder : public Job {
  public:
    using Job::progress;
    void progress(double done, double total, const Text&) override { shares.push_back(done / total); }
    std::vector<double> shares;
};

class Messages : public Job {
  public:
    void message(MessageLevel level, const Text& text) override {
        if (level == MessageLevel::Warning) warnings.push_back(text.str());
    }
    std::vector<std::string> warnings;
};

// Runs `f` in a child process; true when it was killed.
template <class F>
bool killed(F&& f) {
    const pid_t child = ::fork();
    if (child == 0) {
        f();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

const fs::path self = fs::read_symlink("/proc/self/exe");

}  // namespace

class TestRunner : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void runsTheChainOnce() {
        Fixture f;
        Recorder job;
        std::vector<std::string> seen;
        RunRequest request{.stages = chainUntil(f.stages, "train")};
        request.finished = [&](const nlohmann::json& row) { seen.push_back(row["stage"].get<std::string>()); };
        const RunResult first = run(*f.project, f.stages, request, job);
        QCOMPARE(seen, (std::vector<std::string>{"import", "find", "plan", "train"}));
        QCOMPARE(first.json["stages"][1]["cases"]["image1"]["state"].get<std::string>(), std::string("done"));
        QCOMPARE(first.json["stages"][3]["result"]["cases"].get<int>(), 2);
        QVERIFY(std::is_sorted(job.shares.begin(), job.shares.end()));
        QVERIFY(job.shares.back() <= 1.0);
        const RunResult second = run(*f.project, f.stages, request, job);
        for (const auto& row : second.json["stages"])
            QCOMPARE(row["state"].get<std::string>(), std::string("up-to-date"));
        QVERIFY(fs::is_empty(f.project->workFolder()));
    }

    void finishedRoundsSayWhatTheyDoNotUse() {
        Fixture f;
        f.run("train");
        Messages job;
        const auto find = [&](bool again) {
            job.warnings.clear();
            return run(*f.project, f.stages, {.stages = {"find"}, .again = again}, job).json["stages"][0];
        };
        f.project->setOptions(stageById(f.stages, "find"), {{"level", 2}});
        QCOMPARE(find(false)["state"].get<std::string>(), std::string("done"));  // round 0 is still open
        QVERIFY(job.warnings.empty());
        f.run("query");
        QVERIFY(!find(false).contains("warning"));
        f.project->setOptions(stageById(f.stages, "find"), {{"level", 3}});
        const nlohmann::json row = find(false);
        QCOMPARE(row["state"].get<std::string>(), std::string("up-to-date"));
        QVERIFY((row["unused"] == nlohmann::json{{{"option", "level"}, {"used", 2}, {"wanted", 3}}}));
        QCOMPARE(job.warnings.size(), std::size_t(1));  // once, not for each image
        QCOMPARE(job.warnings[0], row["warning"].get<std::string>());
        for (const char* part : {"find", "round 0", "level=3 (made with 2)", "new project"})
            QVERIFY2(job.warnings[0].find(part) != std::string::npos, job.warnings[0].c_str());
        f.project->setOptions(stageById(f.stages, "find"), {{"level", 2}});
        QVERIFY(!find(false).contains("warning"));
        QVERIFY(find(true)["warning"].get<std::string>().find("--again") != std::string::npos);
        f.project->setSeed(9);
        job.warnings.clear();
        run(*f.project, f.stages, {.stages = {"find", "train"}}, job);
        QCOMPARE(job.warnings.size(), std::size_t(1));  // finding is not random
        QVERIFY(job.warnings[0].find("seed=9") != std::string::npos);
    }

    void aStageThatCannotRunBeginsNoRound() {
        Fixture f;
        f.run("train");
        Job job;
        QVERIFY_EXCEPTION_THROWN(run(*f.project, f.stages, {.stages = {"tune"}}, job), Error);
        QCOMPARE(f.project->lastRound(), 0);
        test::CancelAt cancel(1);
        QVERIFY_EXCEPTION_THROWN(run(*f.project, f.stages, {.stages = {"query"}}, cancel), Cancelled);
        QCOMPARE(f.project->lastRound(), 0);
        f.project->setOptions(stageById(f.stages, "find"), {{"level", 5}});
        QCOMPARE(f.state("find", 0).status, Status::Stale);  // round 0 can still be made otherwise
        f.run("query");
        QCOMPARE(f.project->activeRound(), 1);
        f.project->activate(0);
        f.run("query");  // another branch
        QCOMPARE(f.project->activeRound(), 2);
        QCOMPARE(f.project->parentOf(2), 0);
    }

    void nextRoundsReadTheOneBefore() {
        Fixture f;
        f.run("train");
        Job job;
        for (const int round : {1, 2}) {
            run(*f.project, f.stages, {.stages = {"import", "query"}, .next = true}, job);
            QCOMPARE(f.project->activeRound(), round);
            for (const char* id : {"image0", "image1"}) file::write(f.project->caseFolder(id) / "journal", "x");
            run(*f.project, f.stages, {.stages = {"annotate", "tune", "predict"}}, job);
            QCOMPARE(f.project->activeRound(), round);
        }
        run(*f.project, f.stages, {.stages = {"query"}, .next = true}, job);
        const auto manifest = Artifacts(*f.project, f.stages).manifest({"query", "", 3});
        const std::string from = manifest->at("recipe").at("inputs").at("probabilities/image0").at("from");
        QCOMPARE(from, std::string("predict/image0@2"));
    }

    void waitsForThePerson() {
        Fixture f;
        Job job;
        const RunResult result = run(*f.project, f.stages, {.stages = chainUntil(f.stages, "score")}, job);
        QVERIFY(result.waiting);
        QCOMPARE(result.json["state"].get<std::string>(), std::string("waiting"));
        QCOMPARE(result.json["patches"].get<int>(), 8);
        QCOMPARE(result.json["stages"].back()["stage"].get<std::string>(), std::string("annotate"));
        QCOMPARE(f.state("annotate", 1).status, Status::Missing);
        QVERIFY(fs::is_empty(f.project->workFolder()));
    }

    void goesOnWhenOneImageIsDecided() {
        Fixture f;
        file::write(f.project->caseFolder("image1") / "journal", "x");
        Job job;
        const RunResult result = run(*f.project, f.stages, {.stages = chainUntil(f.stages, "tune")}, job);
        QVERIFY(!result.waiting);
        QCOMPARE(f.state("annotate", 1, "image0").status, Status::UpToDate);
        QCOMPARE(f.state("tune", 1).status, Status::UpToDate);
    }

    void namesTheStageToRunFirst() {
        Fixture f;
        Job job;
        try {
            run(*f.project, f.stages, {.stages = {"train"}}, job);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Missing);
            QVERIFY(std::string(error.what()).find("Run plan first") != std::string::npos);
        }
        QVERIFY_THROWS_EXCEPTION(Error, run(*f.project, f.stages, {.stages = {"nothing"}}, job));
        QVERIFY_THROWS_EXCEPTION(Error, run(*f.project, f.stages, {.stages = {"import"}, .cases = {"nothing"}}, job));
        QVERIFY_THROWS_EXCEPTION(Error, chainUntil(f.stages, "nothing"));
        QCOMPARE(chainUntil(f.stages, "plan", {"find"}), (std::vector<std::string>{"import", "plan"}));
    }

    void resumesAfterAKill() {
        Fixture f, untouched;
        untouched.run("train");
        const fs::path folder = f.project->folder();
        f.project.reset();
        Rng rng{11};
        for (const char* stage : {"import", "find", "plan", "train"}) {
            const int parts = int(rng.below(10));
            QVERIFY(killed([&] {
                f.project = Project::open(folder, fake::openImage);
                fake::killAfter(stage, parts);
                f.run(stage);
            }));
            f.project = Project::open(folder, fake::openImage);
            QCOMPARE(f.state(stage, 0, stage[0] == 'i' || stage[0] == 'f' ? "image0" : "").status, Status::Partial);
            Job job;
            run(*f.project, f.stages, {.stages = {stage}, .cases = {"image0"}}, job);
            QCOMPARE(fake::partsFound(), parts);
            f.run(stage);
            f.project.reset();
        }
        f.project = Project::open(folder, fake::openImage);
        QCOMPARE(fake::resultOf(*f.project, f.stages, "train", "", 0),
                 fake::resultOf(*untouched.project, untouched.stages, "train", "", 0));
        QVERIFY(fs::is_empty(f.project->workFolder()));
    }

    void adoptsWhatWasFinishedBeforeAKill() {
        Fixture f(1);
        Artifacts artifacts(*f.project, f.stages);
        const fs::path folder = writeOrder(*f.project, prepareOrder(artifacts, f.stages[0], "image0", 0));
        Job job;
        runOrder(folder, f.stages, fake::openImage, job);
        file::write(folder / "out" / "mark", "kept");
        f.run("import");
        QVERIFY(fs::exists(artifacts.folder({"import", "image0", 0}) / "mark"));
    }

    void anotherOptionStartsAfresh() {
        Fixture f(1);
        f.run("import");
        test::CancelAt cancel(8);
        QVERIFY_THROWS_EXCEPTION(Cancelled, run(*f.project, f.stages, {.stages = {"find"}}, cancel));
        QCOMPARE(f.state("find", 0).status, Status::Partial);
        f.project->setOptions(f.stages[1], {{"level", 9}});
        QCOMPARE(f.state("find", 0).status, Status::Missing);
        Job job;
        run(*f.project, f.stages, {.stages = {"find"}}, job);
        QCOMPARE(fake::partsFound(), 0);
    }

    void cancelAnywhereLeavesTheProjectWhole() {
        Fixture f(1);
        int cancels = 0;
        for (int n = 0;; ++n) {
            test::CancelAt cancel(n);
            bool done = true;
            try {
                run(*f.project, f.stages, {.stages = chainUntil(f.stages, "train"), .again = false}, cancel);
            } catch (const Cancelled&) {
                done = false;
                ++cancels;
            }
            for (const Stage& stage : f.stages) f.state(stage.id, Artifacts::roundOf(stage, 0));
            if (done) break;
            QVERIFY(n < 1000);
        }
        QVERIFY(cancels > 5);
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);
    }

    void childProcessEqualsThisOne() {
        Fixture here, there;
        here.run("train");
        Job job;
        run(*there.project, there.stages, {.stages = chainUntil(there.stages, "train"), .program = self}, job);
        for (const char* stage : {"plan", "train"})
            QCOMPARE(fake::resultOf(*there.project, there.stages, stage, "", 0),
                     fake::resultOf(*here.project, here.stages, stage, "", 0));
        QCOMPARE(fake::resultOf(*there.project, there.stages, "find", "image1", 0),
                 fake::resultOf(*here.project, here.stages, "find", "image1", 0));
    }

    void childProcessIsCancelled() {
        Fixture f(1);
        CancelFlag cancel;
        cancel.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, {
            Artifacts artifacts(*f.project, f.stages);
            const fs::path folder = writeOrder(*f.project, prepareOrder(artifacts, f.stages[0], "image0", 0));
            runOrderInChild(folder, self, cancel);
        });
    }

    void childFailuresArriveHere() {
        Fixture f(1);
        Job job;
        Artifacts artifacts(*f.project, f.stages);
        const fs::path folder = writeOrder(*f.project, prepareOrder(artifacts, f.stages[0], "image0", 0));
        nlohmann::json order = file::readJson(folder / "order.json");
        order["options"]["level"] = "much";
        file::writeJson(folder / "order.json", order);
        try {
            runOrderInChild(folder, self, job);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Input);
            QVERIFY(std::string(error.what()).find("level") != std::string::npos);
        }
        QVERIFY_THROWS_EXCEPTION(Error, runOrderInChild(folder, "/bin/false", job));
        QVERIFY_THROWS_EXCEPTION(Error, runOrderInChild(folder, folder / "no-program", job));
    }

    void cancelFileStopsAnOrder() {
        Fixture f(1);
        Artifacts artifacts(*f.project, f.stages);
        const fs::path folder = writeOrder(*f.project, prepareOrder(artifacts, f.stages[0], "image0", 0));
        file::write(folder / "cancel", "");
        Job job;
        QVERIFY_THROWS_EXCEPTION(Cancelled, runOrder(folder, f.stages, fake::openImage, job));
        QCOMPARE(file::readJson(folder / "result.json")["state"].get<std::string>(), std::string("cancelled"));
        QVERIFY_THROWS_EXCEPTION(Error, adopt(artifacts, folder));
        QCOMPARE(f.state("import", 0).status, Status::Partial);
        f.run("import");
    }

    void packedOrderTravels() {
        Fixture f;
        f.run("find");
        Artifacts artifacts(*f.project, f.stages);
        f.run("plan");
        const WorkOrder order = prepareOrder(artifacts, stageById(f.stages, "train"), "", 0);
        Job job;
        packOrder(order, f.temp.path() / "packed", job);
        f.run("train");
        const std::string here = fake::resultOf(*f.project, f.stages, "train", "", 0);
        f.project.reset();
        fs::rename(f.temp.path() / "packed", f.temp.path() / "elsewhere");
        fs::remove_all(f.temp.path() / "p");
        fs::remove(f.temp.path() / "image0.txt");
        runOrder(f.temp.path() / "elsewhere", f.stages, fake::openImage, job);
        QCOMPARE(file::read(f.temp.path() / "elsewhere" / "out" / "result.txt"), here);
    }

    void foreignExceptionsAreTranslated() {
        Fixture f(1);
        Job job;
        f.stages[0].run = [](StageContext&) { throw std::bad_alloc(); };
        try {
            run(*f.project, f.stages, {.stages = {"import"}}, job);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Memory);
        }
        f.stages[0].run = [](StageContext&) { throw std::runtime_error("boom"); };
        try {
            run(*f.project, f.stages, {.stages = {"import"}}, job);
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Internal);
            QVERIFY(std::string(error.what()).find("boom") != std::string::npos);
        }
        f.stages[0].run = [](StageContext& context) { context.input("plan"); };
        QVERIFY_THROWS_EXCEPTION(Error, run(*f.project, f.stages, {.stages = {"import"}}, job));
    }

    void damagedOrdersAreErrors() {
        Fixture f(1);
        Job job;
        const fs::path folder = f.temp.path() / "order";
        fs::create_directories(folder);
        QVERIFY_THROWS_EXCEPTION(Error, runOrder(folder, f.stages, fake::openImage, job));
        for (const char* text : {"", "{}", "[]", R"({"schema":9})", R"({"schema":1,"id":3})"}) {
            file::write(folder / "order.json", text);
            QVERIFY_THROWS_EXCEPTION(Error, runOrder(folder, f.stages, fake::openImage, job));
        }
    }
};

// As `program work DIR` this is the child of its own tests.
int main(int argc, char** argv) {
    if (argc == 3 && std::string(argv[1]) == "work") {
        Job job;
        try {
            runOrder(argv[2], fake::chain(), fake::openImage, job);
            return 0;
        } catch (const Error&) {
            return 1;
        } catch (const Cancelled&) {
            return 130;
        }
    }
    TestRunner test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_runner.moc"
