// The contract of fovea-cli: exit codes, JSON lines, wrong input.
#include <QProcess>
#include <QTest>
#include <csignal>
#include <fstream>

#include "app/cli_process.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace cliprocess;

namespace {

// Whether the process has a handler for SIGINT by now.
bool catchesInterrupts(std::int64_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("SigCgt:")) return std::stoull(line.substr(8), nullptr, 16) >> (SIGINT - 1) & 1;
    return false;
}

}  // namespace

class TestCli : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void listsAreOneObject() {
        for (const char* name : {"stages", "formats", "models", "plugins"}) {
            const Answer a = cli({name, "--json"});
            QCOMPARE(a.code, 0);
            QCOMPARE(a.lines.size(), std::size_t(1));
            QVERIFY(a.lines[0].contains(name));
        }
        const Answer stages = cli({"--json", "stages"});
        QCOMPARE(stages.lines[0]["stages"][0]["id"].get<std::string>(), std::string("import"));
        QVERIFY(!cli({"formats"}).out.empty());
    }

    void readmeHasTheStagesThereAre() {
        const std::string text = file::read(fs::path(FOVEA_SOURCE_DIR) / "README.md");
        const std::size_t mark = text.find("<!-- stages: generated"), from = text.find('\n', mark) + 1,
                          to = text.find("<!-- end of stages -->");
        QVERIFY(mark != std::string::npos && to != std::string::npos && from < to);
        const Answer table = cli({"stages-table"});
        QCOMPARE(table.code, 0);
        QVERIFY2(text.substr(from, to - from) == table.out, "put the output of fovea-cli stages-table into README.md");
    }

    void versionNamesLibraries() {
        const Answer a = cli({"--version"});
        QCOMPARE(a.code, 0);
        for (const char* part : {"fovea ", "libtorch ", "Qt ", "VTK ", "ITK ", "device "})
            QVERIFY2(contains(a.out, part), part);
    }

    void wrongUsageIsTwo() {
        Fixture f;
        QCOMPARE(f.import().code, 0);
        QCOMPARE(cli({}).code, 2);
        const Answer stage = cli({"pseudo-lable", "--project", f.project});
        QCOMPARE(stage.code, 2);
        QVERIFY2(contains(stage.err, "pseudo-label"), stage.err.c_str());
        const Answer option = cli({"query", "--projct", f.project});
        QCOMPARE(option.code, 2);
        QVERIFY2(contains(option.err, "--project"), option.err.c_str());
        const Answer set = cli({"query", "--project", f.project, "--set", "patchs=3"});
        QCOMPARE(set.code, 2);
        QVERIFY2(contains(set.err, "patches"), set.err.c_str());
        QCOMPARE(cli({"query", "--project", f.project, "--set", "patches=many"}).code, 2);
        QCOMPARE(cli({"query", "--project", f.project, "--set", "patches"}).code, 2);
        QCOMPARE(cli({"run", "--project", f.project, "--until", "exprt"}).code, 2);
        QCOMPARE(cli({"query"}).code, 2);
        QCOMPARE(cli({"sample", "--out", f.project + "x", "--shape", "1,2"}).code, 2);
        QCOMPARE(cli({"import", "--project", f.project, "--set", "gard=3"}).code, 2);
        QCOMPARE(cli({"stages", "--threads", "-1"}).code, 2);
        const Answer words = cli({"stagez", "--json"});
        QCOMPARE(words.code, 2);
        QCOMPARE(words.lines.size(), std::size_t(1));
        QVERIFY2(contains(words.lines[0]["error"].get<std::string>(), "stages"), words.out.c_str());
        QCOMPARE(cli({"query", "--project", f.project, "--case", "imag"}).code, 2);
    }

    void failuresAreOneAndNameTheFile() {
        Fixture f;
        const std::string none = (f.temp.path() / "none.tif").string();
        const Answer a = cli({"import", "--project", f.project, none, "--json"});
        QCOMPARE(a.code, 1);
        QVERIFY(contains(a.err, none));
        QCOMPARE(a.lines.back()["state"].get<std::string>(), std::string("failed"));
        QVERIFY(!fs::exists(f.project));
        QCOMPARE(cli({"query", "--project", f.project}).code, 1);
        QCOMPARE(cli({"work", f.project}).code, 1);
        QCOMPARE(cli({"info", none}).code, 1);
        QCOMPARE(cli({"stages", "--device", "cuda:99"}).code, 0);  // not asked for
        file::write(f.temp.path() / "torn.tif", std::string("II*\0\10\0\0\0", 8));
        QCOMPARE(cli({"info", (f.temp.path() / "torn.tif").string()}).code, 1);
        f.import();
        const Answer later = cli({"export", "--project", f.project});
        QCOMPARE(later.code, 1);
        QVERIFY2(contains(later.err, "no objects"), later.err.c_str());
    }

    void importHoldsOutAndResumes() {
        Fixture f;
        const Answer a = f.import();
        QCOMPARE(a.code, 0);
        QCOMPARE(a.lines.back()["stage"].get<std::string>(), std::string("import"));
        QCOMPARE(a.lines.back()["state"].get<std::string>(), std::string("done"));
        const json split = file::readJson(fs::path(f.project) / "cases/image/split.json");
        QCOMPARE(split["guarded"][0][2].get<int>(), 56);
        QCOMPARE(f.import().lines.back()["state"].get<std::string>(), std::string("up-to-date"));
    }

    void infoAndConvert() {
        Fixture f;
        const std::string tif = (f.temp.path() / "t.tif").string();
        QCOMPARE(cli({"convert", f.truth, tif, "--labels"}).code, 0);
        const Answer info = cli({"info", tif, "--json"});
        QCOMPARE(info.code, 0);
        QVERIFY((info.lines[0]["shape"] == json{6, 64, 96}));
        QVERIFY(info.lines[0]["spacing_known"].get<bool>());
        QVERIFY(!zarr::open(f.truth)->readAll<std::int32_t>().empty());
        QCOMPARE(cli({"convert", f.truth, (f.temp.path() / "t.xyz").string()}).code, 1);
    }

    void stagesPrintLinesAndChainWaits() {
        Fixture f;
        f.import();
        const Answer a = cli({"pseudo-label", "--project", f.project, "--json", "--threads", "1"});
        QCOMPARE(a.code, 0);
        QVERIFY(a.lines.back()["cases"]["image"]["result"].contains("objects"));
        QCOMPARE(cli({"query", "--project", f.project, "--set", "strategy=random", "--set", "patches=2", "--set",
                      "patch=1,32,28", "--seed", "5"})
                     .code,
                 0);
        const Answer wait = cli({"annotate", "--project", f.project, "--json"});
        QCOMPARE(wait.code, 0);
        QVERIFY((wait.lines.back() == json{{"state", "waiting"}, {"patches", 2}}));
        const Answer labelled = cli({"annotate", "--project", f.project, "--from", f.truth, "--json"});
        QCOMPARE(labelled.code, 0);
        QCOMPARE(labelled.lines.back()["state"].get<std::string>(), std::string("done"));
        QCOMPARE(cli({"annotate", "--project", f.project, "--from", f.truth, "--json"})
                     .lines.back()["state"]
                     .get<std::string>(),
                 std::string("up-to-date"));
    }

    // Verdicts outside of everything held out: right proposals as they are, others repaired first.
    void theSimulatedAnnotatorJudgesObjects() {
        Fixture f;
        const auto sample = [&](const char* seed) {
            const std::string folder = (f.temp.path() / seed).string();
            cli({"sample", "--kind", "nuclei", "--shape", "16,160,200", "--seed", seed, "--out", folder});
            return folder;
        };
        const std::string tissue = sample("1"), truth = tissue + "/truth.zarr", other = sample("2") + "/truth.zarr";
        const auto states = [&](const std::string& project, const std::string& proposals) {
            cli({"import", "--project", project, tissue + "/image.zarr", "--set", "test=0:16,0:160,140:200"});
            cli({"pseudo-label", "--project", project, "--set", "from=" + proposals});
            cli({"query", "--project", project, "--set", "strategy=random", "--set", "patches=1", "--set",
                 "patch=1,16,16"});
            const Answer done =
                cli({"annotate", "--project", project, "--from", truth, "--accept", "3", "--reject", "2", "--json"});
            if (done.code != 0) return json(done.err);
            json said = done.lines.back()["cases"]["image"]["result"]["states"];
            said["committed"] = done.lines.back()["committed"];
            return said;
        };
        const json right = states(f.project, truth), wrong = states(f.project + "2", other);
        QVERIFY2(right.value("accepted", 0) >= 3 && right.value("nothing-here", 0) == 2 && !right.contains("fixed"),
                 right.dump().c_str());
        QVERIFY2((right["committed"] == json{{"patches", 1}, {"already", 0}, {"accepted", 3}, {"rejected", 2}}),
                 right.dump().c_str());
        // No proposal is an object: none can be rejected by mistake.
        QVERIFY2(wrong["committed"].value("accepted", 0) == 3 && wrong["committed"].value("rejected", -1) == 0,
                 wrong.dump().c_str());
        QVERIFY2(wrong.value("fixed", 0) == 3 && !wrong.contains("nothing-here"), wrong.dump().c_str());
        QCOMPARE(cli({"annotate", "--project", f.project, "--accept", "3"}).code, 2);
    }

    void theRobotSaysHowManyClicks() {
        Fixture f;
        const Answer done = cli({"simulate", "prompts", f.image, f.truth, "--start", "cut", "--objects", "2",
                                 "--clicks", "3", "--min-voxels", "20", "--json"});
        QVERIFY2(done.code == 0, done.err.c_str());
        QCOMPARE(int(done.lines.size()), 3);
        QCOMPARE(done.lines.back()["objects"].get<int>(), 2);
        QVERIFY(done.lines[0]["iou"][0].get<double>() > 0.3);
        const Answer wrong = cli({"simulate", "prompts", f.image, f.truth, "--engine", "none"});
        QVERIFY2(wrong.code == 2 && contains(wrong.err, "no prompt engine none"), wrong.err.c_str());
        QCOMPARE(cli({"simulate", "prompts", f.image, f.truth, "--start", "bent"}).code, 2);
        const Answer bare = cli({"simulate", "prompts", f.image, f.truth, "--engine", "sam"});
        QVERIFY2(bare.code == 1 && contains(bare.err, "fovea-cli models"), bare.err.c_str());
        const Answer missing =
            cli({"simulate", "prompts", f.image, f.truth, "--engine", "sam", "--weights", "none.pth"});
        QVERIFY2(missing.code == 1 && contains(missing.err, "none.pth"), missing.err.c_str());
        QCOMPARE(cli({"simulate", "prompts", f.image, f.truth, "--weights", "none.pth"}).code, 2);
    }

    void aWrongTestBoxMakesNoProject() {
        Fixture f;
        const Answer a = cli({"import", "--project", f.project, f.image, "--set", "test=0:6,0:64,64:999", "--json"});
        QCOMPARE(a.code, 2);
        QVERIFY2(contains(a.err, "64:999") && contains(a.err, "6 × 64 × 96"), a.err.c_str());
        QVERIFY(!fs::exists(f.project));
    }

    void labelsHaveToFit() {
        Fixture f;
        f.import();
        QCOMPARE(cli({"pseudo-label", "--project", f.project}).code, 0);
        QCOMPARE(cli({"query", "--project", f.project, "--set", "strategy=random", "--set", "patches=1", "--set",
                      "patch=1,32,28"})
                     .code,
                 0);
        const std::string other = (f.temp.path() / "o").string();
        cli({"sample", "--kind", "nuclei", "--shape", "5,64,96", "--out", other});
        const Answer shape = cli({"annotate", "--project", f.project, "--from", other + "/truth.zarr", "--json"});
        QCOMPARE(shape.code, 1);
        QVERIFY2(contains(shape.err, "truth.zarr") && contains(shape.err, "5 × 64 × 96"), shape.err.c_str());
        const Answer none = cli({"annotate", "--project", f.project, "--from", other + "/none.tif"});
        QCOMPARE(none.code, 1);
        QVERIFY2(contains(none.err, "none.tif"), none.err.c_str());
    }

    void fullDiskLosesNothing() {
        Fixture f;
        f.import();
        const std::string out = (f.temp.path() / "full").string(), copy = (f.temp.path() / "full.tif").string();
        const Answer sample = cli({"sample", "--shape", "8,128,128", "--out", out, "--json"}, {.largestFile = 8});
        QCOMPARE(sample.code, 1);
        QVERIFY2(contains(sample.err, out), sample.err.c_str());
        QCOMPARE(cli({"convert", f.image, copy}, {.largestFile = 8}).code, 1);
        QVERIFY(!fs::exists(copy));
        const std::string before = file::read(fs::path(f.project) / "project.fovea");
        QCOMPARE(cli({"pseudo-label", "--project", f.project, "--set", "diameter=3"}, {.largestFile = 0}).code, 1);
        QCOMPARE(file::read(fs::path(f.project) / "project.fovea"), before);
        QCOMPARE(cli({"pseudo-label", "--project", f.project}).code, 0);
    }

    void damagedProjectAndOrderSayWhatToDo() {
        Fixture f;
        f.import();
        file::write(fs::path(f.project) / "project.fovea", std::string("{\"schema\":"));
        const Answer broken = cli({"plan", "--project", f.project});
        QCOMPARE(broken.code, 1);
        QVERIFY2(contains(broken.err, "project.fovea") && contains(broken.err, "backup"), broken.err.c_str());
        file::write(f.temp.path() / "order.json", std::string("{}"));
        const Answer order = cli({"work", f.temp.path().string()});
        QCOMPARE(order.code, 1);
        QVERIFY2(contains(order.err, "order.json"), order.err.c_str());
    }

    void lockedProject() {
        Fixture f;
        f.import();
        file::write(fs::path(f.project) / "lock", R"({"pid":1,"host":"elsewhere","process_start":1,"since":"2020"})");
        const Answer a = cli({"pseudo-label", "--project", f.project});
        QCOMPARE(a.code, 1);
        QVERIFY(contains(a.err, "elsewhere"));
    }

    void interruptIs130() {
        file::TempFolder temp;
        QProcess process;
        process.start(FOVEA_CLI, {"sample", "--kind", "em", "--shape", "64,512,512", "--out",
                                  QString::fromStdString((temp.path() / "s").string())});
        QVERIFY(process.waitForStarted());
        QVERIFY(QTest::qWaitFor([&] { return catchesInterrupts(process.processId()); }, 900000));
        ::kill(pid_t(process.processId()), SIGINT);
        QVERIFY(process.waitForFinished(900000));
        QCOMPARE(process.exitCode(), 130);
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
