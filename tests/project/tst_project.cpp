#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTest>
#include <cmath>

#include "base/error.h"
#include "project/add_images.h"
#include "project/case_image.h"
#include "project/fake_project.h"
#include "support/permissions.h"

using namespace fovea;
using namespace fovea::project;
using fake::Fixture;
namespace fs = std::filesystem;

namespace {

// What the call throws, as text; "" when it does not.
template <class F>
std::string errorOf(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

class TestProject : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void survivesReopening() {
        file::TempFolder temp;
        const fs::path image = fake::writeImage(temp.path(), "cells.ome.tif", 3);
        {
            const auto p = Project::create(temp.path() / "p", fake::openImage);
            NewCase details;
            details.channelNames = {"nuclei"};
            details.spacing = Vec3{0.3, 0.1, 0.1};
            details.test = "0:4,0:6,5:8";
            details.guard = 2;
            const Case c = p->addCase(image.string(), details);
            QCOMPARE(c.id, std::string("cells"));
            p->setSeed(7);
            p->setOptions(fake::chain()[1], {{"level", 5}});
        }
        const auto p = Project::open(temp.path() / "p", fake::openImage);
        QCOMPARE(p->cases().size(), std::size_t(1));
        QCOMPARE(p->seed(), std::uint64_t(7));
        QCOMPARE(p->optionsOf(fake::chain()[1]).integer("level"), std::int64_t(5));
        const auto held = p->heldOut("cells");
        QCOMPARE(held.size(), std::size_t(1));
        QVERIFY((held[0].test == Box{{0, 0, 5}, {4, 6, 8}}));
        QVERIFY((held[0].guarded == Box{{0, 0, 3}, {4, 6, 8}}));
        QVERIFY(fs::exists(p->caseFolder("cells") / "split.json"));
        const ImagePtr opened = p->image("cells");
        const ImageInfo& info = opened->info();
        QCOMPARE(info.geometry.spacing.z, 0.3);
        QCOMPARE(info.channelNames.at(0), std::string("nuclei"));
    }

    void namesCases() {
        QCOMPARE(caseName("/a/b/cells.ome.tif"), std::string("cells"));
        QCOMPARE(caseName("brain.nii.gz"), std::string("brain"));
        QCOMPARE(caseName("/a/raw/"), std::string("raw"));
        QCOMPARE(caseName("/a/..."), std::string("image"));
        QCOMPARE(caseName("x/*.png"), std::string("image"));
        QCOMPARE(caseName("two words é.tif"), std::string("two_words___"));
        Fixture f(0);
        fs::create_directories(f.temp.path() / "other");
        f.project->addCase(fake::writeImage(f.temp.path(), "a.txt", 1).string());
        QCOMPARE(f.project->addCase(fake::writeImage(f.temp.path() / "other", "a.txt", 2).string()).id,
                 std::string("a-2"));
        QVERIFY(contains(errorOf([&] { f.project->addCase((f.temp.path() / "a.txt").string()); }), "already"));
    }

    void refusesWrongNames() {
        Fixture f;
        QVERIFY(contains(errorOf([&] { f.project->caseOf("imag0"); }), "image0"));
        QVERIFY(contains(errorOf([&] { stageById(f.stages, "predct"); }), "Did you mean predict"));
        QVERIFY(contains(errorOf([&] { f.project->assign(f.stages[1], {"levl=3"}); }), "Did you mean level"));
        NewCase details;
        details.channelNames = {"a", "b"};
        const std::string image = fake::writeImage(f.temp.path(), "c.txt", 9).string();
        QVERIFY(contains(errorOf([&] { f.project->addCase(image, details); }), "2 channel names"));
        details = {};
        details.test = "0:4,0:6,5:80";
        QVERIFY(!errorOf([&] { f.project->addCase(image, details); }).empty());
        QCOMPARE(f.project->cases().size(), std::size_t(2));
    }

    void noticesAnotherImage() {
        Fixture f(1);
        const fs::path image = f.temp.path() / "image0.txt";
        // Touched, but the same bytes: fine.
        fs::last_write_time(image, fs::last_write_time(image) + std::chrono::hours(1));
        QVERIFY(f.project->image("image0"));
        fake::writeImage(f.temp.path(), "image0.txt", 99);
        fs::last_write_time(image, fs::last_write_time(image) + std::chrono::hours(2));
        QVERIFY(contains(errorOf([&] { f.project->image("image0"); }), "not the image it was"));
        fs::remove(image);
        QVERIFY(!errorOf([&] { f.project->image("image0"); }).empty());
    }

    void identityOfFolders() {
        file::TempFolder temp;
        const ImageInfo info = fake::openImage(fake::writeImage(temp.path(), "i", 1).string(), 0, {})->info();
        fs::create_directories(temp.path() / "s");
        file::write(temp.path() / "s" / "a", std::string(3 << 20, 'a'));
        file::write(temp.path() / "s" / "b", "b");
        const std::string one = imageIdentity((temp.path() / "s").string(), info);
        QCOMPARE(imageIdentity((temp.path() / "s").string(), info), one);
        const std::string glob = imageIdentity((temp.path() / "s" / "*").string(), info);
        file::write(temp.path() / "s" / "b", "c");
        QVERIFY(imageIdentity((temp.path() / "s").string(), info) != one);
        QVERIFY(imageIdentity((temp.path() / "s" / "*").string(), info) != glob);
    }

    void refusesBadFolders() {
        file::TempFolder temp;
        QVERIFY(contains(errorOf([&] { Project::open(temp.path() / "nothing", fake::openImage); }), "is no project"));
        file::write(temp.path() / "file", "x");
        QVERIFY(contains(errorOf([&] { Project::create(temp.path(), fake::openImage); }), "not empty"));
        Fixture f(1);
        const fs::path folder = f.project->folder();
        QVERIFY(contains(errorOf([&] { Project::create(folder, fake::openImage); }), "already"));
        f.project.reset();
        for (const char* text :
             {"", "{", "[]", R"({"schema":1})", R"({"schema":1,"cases":[{}]})", R"({"schema":0,"cases":[]})",
              R"({"schema":1,"cases":[],"active_round":5})", R"({"schema":"1","cases":[]})",
              R"({"schema":1,"cases":[],"parents":[-1,1]})",
              R"({"schema":1,"cases":[{"id":"../x","path":"a","shape":[1,1,1],"dtype":"uint8"}]})"}) {
            file::write(folder / "project.fovea", text);
            QVERIFY2(!errorOf([&] { Project::open(folder, fake::openImage); }).empty(), text);
            QVERIFY(!fs::exists(folder / "lock"));
        }
    }

    void newerSchemaIsReadOnly() {
        Fixture f(1);
        const fs::path folder = f.project->folder();
        f.project.reset();
        nlohmann::json content = file::readJson(folder / "project.fovea");
        content["schema"] = 2;
        file::writeJson(folder / "project.fovea", content);
        const auto p = Project::open(folder, fake::openImage);
        QVERIFY(p->readOnly());
        QVERIFY(contains(p->notice().str(), "newer"));
        QVERIFY(contains(errorOf([&] { p->beginRound(); }), "reading only"));
        QVERIFY(!fs::exists(folder / "lock"));
    }

    void oneWriterManyReaders() {
        Fixture f(1);
        const fs::path folder = f.project->folder();
        const std::string error = errorOf([&] { Project::open(folder, fake::openImage); });
        char host[256] = {};
        ::gethostname(host, sizeof host - 1);
        QVERIFY(contains(error, host));
        QVERIFY(contains(error, "since 2"));
        const auto reader = Project::open(folder, fake::openImage, Access::Read);
        QVERIFY(reader->readOnly());
        QCOMPARE(reader->cases().size(), std::size_t(1));
        f.project.reset();
        QVERIFY(Project::open(folder, fake::openImage));
    }

    void takesOverALockOfTheDead() {
        Fixture f(1);
        const fs::path folder = f.project->folder();
        f.project.reset();
        const pid_t child = ::fork();
        if (child == 0) {
            const auto p = Project::open(folder, fake::openImage);
            ::raise(SIGKILL);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        QVERIFY(fs::exists(folder / "lock"));
        QVERIFY(Project::open(folder, fake::openImage));
        // The same number, but another process.
        file::writeJson(folder / "lock", [] {
            char host[256] = {};
            ::gethostname(host, sizeof host - 1);
            return nlohmann::json{{"pid", ::getpid()}, {"host", host}, {"process_start", 1}, {"since", "long ago"}};
        }());
        QVERIFY(Project::open(folder, fake::openImage));
        file::write(folder / "lock", "garbage");
        QVERIFY(Project::open(folder, fake::openImage));
        file::write(folder / "lock", R"({"pid":1,"host":"elsewhere","process_start":1,"since":"2020"})");
        QVERIFY(contains(errorOf([&] { Project::open(folder, fake::openImage); }), "elsewhere"));
    }

    void readOnlyFolder() {
        Fixture f(1);
        const fs::path folder = f.project->folder();
        f.project.reset();
        fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
        std::string error;
        bool readable = false;
        {
            const test::ObeyPermissions obey;
            error = errorOf([&] { Project::open(folder, fake::openImage); });
            readable = Project::open(folder, fake::openImage, Access::Read)->cases().size() == 1;
        }
        fs::permissions(folder, fs::perms::owner_all);
        QVERIFY2(contains(error, "permissions") && contains(error, folder.string()), error.c_str());
        QVERIFY(readable);
    }

    void unusableImagesLeaveNothing() {
        Fixture f(1);
        f.run("import");
        const std::string good = fake::writeImage(f.temp.path(), "good.txt", 5).string(),
                          bad = fake::writeImage(f.temp.path(), "bad.txt", 6).string();
        StageList picky = f.stages;
        const auto import = picky[0].run;
        picky[0].run = [import](StageContext& context) {
            import(context);
            if (context.cases().front() == "bad") throw Error(ErrorKind::Input, "bad.txt holds no numbers");
        };
        const std::string before = file::read(f.project->folder() / "project.fovea");
        Job job;
        const RunRequest request{.stages = {"import"}};
        QVERIFY(contains(errorOf([&] { addImages(*f.project, picky, {good, bad}, {}, request, job); }), "no numbers"));
        QCOMPARE(f.project->caseIds(), std::vector<std::string>{"image0"});
        QCOMPARE(file::read(f.project->folder() / "project.fovea"), before);
        for (const char* folder : {"cases/good", "cases/bad", "rounds/0/import/good", "rounds/0/import/bad"})
            QVERIFY2(!fs::exists(f.project->folder() / folder), folder);
        QVERIFY(fs::is_empty(f.project->workFolder()));
        CancelFlag cancelled;
        cancelled.cancel();
        QVERIFY_EXCEPTION_THROWN(addImages(*f.project, f.stages, {good}, {}, request, cancelled), Cancelled);
        QCOMPARE(f.project->caseIds().size(), std::size_t(1));
        addImages(*f.project, f.stages, {good, bad}, {}, request, job);
        QCOMPARE(f.project->caseIds().size(), std::size_t(3));
        QCOMPARE(f.state("import", 0).status, Status::UpToDate);
    }

    // A damaged order of another run is in nobody's way.
    void aDamagedOrderStopsNoTakingBack() {
        Fixture f(1);
        f.run("import");
        const std::string image = fake::writeImage(f.temp.path(), "bad.txt", 6).string();
        for (const char* order : {"a", "z"}) {
            fs::create_directories(f.project->workFolder() / order);
            file::write(f.project->workFolder() / order / "order.json", "{\"schema\":");
        }
        StageList picky = f.stages;
        picky[0].run = [](StageContext&) { throw Error(ErrorKind::Input, "no numbers"); };
        Job job;
        QVERIFY(contains(errorOf([&] { addImages(*f.project, picky, {image}, {}, {.stages = {"import"}}, job); }),
                         "no numbers"));
        QCOMPARE(f.project->caseIds(), std::vector<std::string>{"image0"});
        QVERIFY(!fs::exists(f.project->caseFolder("bad")));
        int left = 0;
        for ([[maybe_unused]] const auto& order : fs::directory_iterator(f.project->workFolder())) ++left;
        QCOMPARE(left, 2);  // the order of the failed import is gone, the damaged ones are nobody's
    }

    void voxelSizeIsSaidLater() {
        Fixture f;
        f.run("train");
        const Vec3 size{0.05, 0.0046, 0.0046};
        QVERIFY(!f.project->image("image0")->info().geometry.known);
        for (const Vec3& none : {Vec3{0, 1, 1}, Vec3{1, -1, 1}, Vec3{1, 1, std::nan("")}})
            QVERIFY(contains(errorOf([&] { f.project->setSpacing("image0", none); }), "image0"));
        QVERIFY(contains(errorOf([&] { f.project->setSpacing("imag0", size); }), "image0"));
        QCOMPARE(f.state("find", 0).status, Status::UpToDate);
        const ImagePtr before = f.project->image("image0");
        f.project->setSpacing("image0", size);
        QVERIFY(f.project->image("image0")->info().geometry.spacing == size);  // although somebody still has the other
        QVERIFY(f.project->image("image0")->info().geometry.known);
        for (const char* stage : {"import", "find"}) {
            QCOMPARE(f.state(stage, 0, "image0").status, Status::Stale);
            QCOMPARE(f.state(stage, 0, "image1").status, Status::UpToDate);
        }
        QVERIFY(contains(f.state("import", 0, "image0").reason.str(), "voxel size"));
        QCOMPARE(f.state("plan", 0).status, Status::Stale);
        f.run("train");
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);
        f.project->beginRound();
        f.project->setSpacing("image0", {1, 1, 1});
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);  // a finished round stays
        const fs::path folder = f.project->folder();
        f.project.reset();
        f.project = Project::open(folder, fake::openImage);
        QVERIFY((f.project->image("image0")->info().geometry.spacing == Vec3{1, 1, 1}));
    }

    void stampsFollowContent() {
        const file::TempFolder temp;
        const fs::path one = temp.path() / "a[1].txt", big = temp.path() / "big";
        QCOMPARE(contentStamp(one.string()), std::string("none"));
        file::write(one, "one");
        const std::string first = contentStamp(one.string());
        file::write(one, "two");
        QVERIFY(contentStamp(one.string()) != first);
        file::write(one, "one");  // another time, the same bytes
        QCOMPARE(contentStamp(one.string()), first);
        QCOMPARE(contentStamp(temp.path().string()), contentStamp((temp.path() / "*.txt").string()));
        // Two writes within one tick of the file system's clock, looked at long after: what the first look saw is not
        // kept.
        const fs::path twice = temp.path() / "twice.txt";
        file::write(twice, "one");
        const auto tick = fs::file_time_type::clock::now();
        fs::last_write_time(twice, tick);
        const std::string before = contentStamp(twice.string());
        file::write(twice, "two");
        fs::last_write_time(twice, tick);
        QTest::qSleep(2100);
        QVERIFY(contentStamp(twice.string()) != before);
        fs::remove(twice);
        file::write(big, std::string(17 << 20, 'b'));
        const std::string large = contentStamp(big.string());
        fs::last_write_time(big, fs::last_write_time(big) + std::chrono::seconds(1));
        QVERIFY(contentStamp(big.string()) != large);
    }

    void readOnlyRefusesChanges() {
        Fixture f(1);
        const fs::path folder = f.project->folder();
        f.project.reset();
        const auto p = Project::open(folder, fake::openImage, Access::Read);
        Job job;
        QVERIFY(contains(errorOf([&] { run(*p, f.stages, {.stages = {"import"}}, job); }), "reading only"));
        QVERIFY(contains(errorOf([&] { p->setOptions(f.stages[1], {{"level", 2}}); }), "reading only"));
        QVERIFY(contains(errorOf([&] { p->addCase("x"); }), "reading only"));
        QVERIFY(contains(errorOf([&] { p->setSeed(4); }), "reading only"));
    }

    void heldOutIsChosenOnce() {
        Fixture f(1);
        f.project->setHeldOut("image0", {{0, 0, 6}, {4, 6, 8}}, 1);
        f.run("import");
        f.project->setHeldOut("image0", {{0, 0, 5}, {4, 6, 8}}, 1);
        QCOMPARE(f.state("import", 0).status, Status::Stale);
        f.run("find");
        QVERIFY(
            contains(errorOf([&] { f.project->setHeldOut("image0", {{0, 0, 4}, {4, 6, 8}}, 1); }), "cannot change"));
        f.project->setHeldOut("image0", {{0, 0, 5}, {4, 6, 8}}, 1);  // the same again is no change
        QVERIFY(!errorOf([&] { f.project->setHeldOut("image0", {{0, 0, 5}, {4, 6, 9}}, 1); }).empty());
    }

    void heldOutIsNotChosenAfterLearning() {
        Fixture f(1);
        f.run("train");
        f.project->setHeldOut("image0", {{0, 0, 6}, {4, 6, 8}}, 1);  // all of it is made anew
        QCOMPARE(f.state("find", 0).status, Status::Stale);
        Fixture late(1);
        late.run("query");
        QVERIFY(
            contains(errorOf([&] { late.project->setHeldOut("image0", {{0, 0, 6}, {4, 6, 8}}, 1); }), "cannot change"));
        QVERIFY(late.project->heldOut("image0").empty());
    }

    void checkBoxesStay() {
        Fixture f(1);
        f.project->setHeldOut("image0", {{0, 0, 6}, {4, 6, 8}}, 1);
        f.run("train");
        f.project->beginRound();
        const CheckBox one{{{0, 0, 0}, {1, 3, 3}}, {{0, 0, 0}, {2, 4, 4}}},
            two{{{2, 0, 0}, {3, 3, 3}}, {{2, 0, 0}, {3, 3, 3}}};
        f.project->holdOutForCheck("image0", {one});
        f.project->holdOutForCheck("image0", {one, two});
        const auto held = f.project->heldOut("image0");
        QCOMPARE(held.size(), std::size_t(3));
        QVERIFY(!held[0].check && held[1].check && held[2].check);
        QVERIFY(held[1].test == one.box && held[1].guarded == one.guarded);
        QCOMPARE(f.state("train", 0).status, Status::UpToDate);  // made before, finished
        QVERIFY(!errorOf([&] {
                     f.project->holdOutForCheck("image0", {{{{0, 0, 0}, {5, 1, 1}}, {{0, 0, 0}, {5, 1, 1}}}});
                 }).empty());
        const fs::path folder = f.project->folder();
        f.project.reset();
        const auto p = Project::open(folder, fake::openImage);
        QCOMPARE(p->heldOut("image0").size(), std::size_t(3));
        const auto split = file::readJson(p->caseFolder("image0") / "split.json");
        QCOMPARE(split["check"].size(), std::size_t(2));
        QVERIFY(split.contains("test"));
    }

    void theRoundInUse() {
        Fixture f(1);
        QCOMPARE(f.project->inUse(), 0);
        QCOMPARE(f.project->beginRound(), 1);
        QCOMPARE(f.project->inUse(), 1);  // nothing was scored: the newest
        f.project->settle(1, false);
        QCOMPARE(f.project->inUse(), 0);
        f.project->settle(1, true);
        QCOMPARE(f.project->inUse(), 1);
        f.project->beginRound();
        QCOMPARE(f.project->rivalOf(2), 1);
        QCOMPARE(f.project->inUse(), 1);
        f.project->settle(1, false);  // a finished round is not settled again
        QCOMPARE(f.project->inUse(), 1);
        f.project->settle(2, false);
        QCOMPARE(f.project->inUse(), 1);
        f.project->use(2);
        f.project->settle(2, false);  // the person's word counts
        QCOMPARE(f.project->inUse(), 2);
        QVERIFY_THROWS_EXCEPTION(Error, f.project->use(3));
        f.project->beginRound();
        f.project->settle(3, true);
        QCOMPARE(f.project->inUse(), 3);
        const fs::path folder = f.project->folder();
        f.project.reset();
        const auto p = Project::open(folder, fake::openImage);
        QCOMPARE(p->inUse(), 3);
        QCOMPARE(p->rivalOf(3), 2);
        QCOMPARE(p->rivalOf(0), 0);
    }

    void fullDisk() {
        Fixture f(1);
        f.run("import");
        const fs::path folder = f.project->folder();
        f.project.reset();
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            const auto p = Project::open(folder, fake::openImage);
            const rlimit limit{16, 16};
            ::setrlimit(RLIMIT_FSIZE, &limit);
            Job job;
            const std::string error = errorOf([&] { run(*p, f.stages, {.stages = {"find"}}, job); });
            ::_exit(contains(error, "disk is full") ? 0 : 1);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        QCOMPARE(WEXITSTATUS(status), 0);
        f.project = Project::open(folder, fake::openImage);
        QCOMPARE(f.state("import", 0).status, Status::UpToDate);
        f.run("find");
        QCOMPARE(f.state("find", 0).status, Status::UpToDate);
    }
};

QTEST_APPLESS_MAIN(TestProject)
#include "tst_project.moc"
