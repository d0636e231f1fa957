// Prompting without a window: which engine answers and when, what is shown meanwhile, what is read ahead. Engines here
// wait until the test lets them go.
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>

#include "data/synthetic.h"
#include "fake_engine.h"
#include "nn/tiny_sam.h"
#include "stage/prompt_engines.h"
#include "ui/edit/prompt_ahead.h"
#include "ui/edit/prompt_session.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::ui;
using segment::PromptRequest;
using test::FakeEngine;

namespace {

const Index shape{12, 48, 48};
constexpr int patience = 60000;  // ms; only a bound for a test that hangs

std::int64_t marked(const PreviewMask& preview) { return std::count(preview.mask.begin(), preview.mask.end(), 1); }

// A case without any object under review, and one new object.
struct Desk {
    QTemporaryDir folder;
    ManualExecutor executor;
    std::unique_ptr<JobQueue> jobs = std::make_unique<JobQueue>(executor);
    std::unique_ptr<project::Project> project;
    project::StageList stages;
    std::unique_ptr<project::Artifacts> artifacts;
    std::unique_ptr<ReviewSession> review;
    std::shared_ptr<FakeEngine> sam = std::make_shared<FakeEngine>("SAM", 3);
    std::shared_ptr<FakeEngine> simple = std::make_shared<FakeEngine>("simple", 2);
    std::vector<std::shared_ptr<const segment::PromptEngine>> engines{sam, simple};
    std::unique_ptr<PromptSession> prompts;

    explicit Desk(const SyntheticSample& sample = makeSample("nuclei", shape, 3)) {
        const std::filesystem::path root = folder.path().toStdString();
        zarr::save((root / "image.zarr").string(), sample.image);
        const project::ImageOpener opener = [](const std::string& path, int, const std::filesystem::path&) {
            return zarr::open(path);
        };
        project = project::Project::create(root / "p.fovea", opener);
        const std::string id = project->addCase((root / "image.zarr").string()).id;
        artifacts = std::make_unique<project::Artifacts>(*project, stages);
        review = std::make_unique<ReviewSession>(*project, *artifacts, id, project->image(id));
        prompts = std::make_unique<PromptSession>(*review, [this] { return engines; }, *jobs);
        review->startNewObject();
    }
    ~Desk() {
        prompts.reset();
        jobs.reset();
        executor.drain();
    }
    // Works off what is posted until `done`.
    template <class F>
    bool until(F done) {
        QElapsedTimer clock;
        clock.start();
        while (!done() && clock.elapsed() < patience) {
            executor.waitAndDrain(std::chrono::milliseconds(5));
            QCoreApplication::processEvents();
        }
        return done();
    }
    bool reaches(PromptState state) {
        return until([&] { return prompts->state() == state; });
    }
    void click(Index at, bool positive = true) { prompts->add({at, positive}, true); }
    std::int32_t labelAt(Index at) { return review->edits().layer().read({at, at + Index{1, 1, 1}})(0, 0, 0); }
};

}  // namespace

class TestPrompts : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void theEngineIsAskedForWhenPromptsBegin() {
        Desk desk;
        desk.engines = {desk.simple};
        desk.click({5, 20, 20});
        QVERIFY(desk.prompts->simple());
        desk.engines = {desk.sam, desk.simple};  // a model was added meanwhile
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.click({5, 22, 20});  // the same prompts go on with the same engine
        QVERIFY(desk.prompts->simple());
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.prompts->drop();
        QSignalSpy changed(desk.prompts.get(), &PromptSession::engineChanged);
        desk.click({5, 20, 20});
        QCOMPARE(changed.count(), 1);
        QVERIFY(!desk.prompts->simple());
        QCOMPARE(desk.prompts->engineName(), QString("SAM"));
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(3));
        QVERIFY(!desk.prompts->preview()->interim);
        desk.prompts->drop();
        desk.engines = {desk.simple};  // and taken away
        desk.prompts->refreshEngine();
        QVERIFY(desk.prompts->simple());
    }
    void anInterimAnswerComesFirst() {
        Desk desk;
        desk.sam->isReady = false;
        desk.sam->open = false;
        QSignalSpy waiting(desk.prompts.get(), &PromptSession::waiting);
        desk.click({5, 20, 20});
        QVERIFY(desk.prompts->reading());  // seen at once, not when the engine says something
        QCOMPARE(waiting.count(), 1);
        QVERIFY(!desk.prompts->hasAnswer());
        QVERIFY(desk.reaches(PromptState::Interim));
        QVERIFY(desk.prompts->reading() && desk.prompts->hasAnswer());
        QVERIFY(desk.prompts->preview()->interim);
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(2));
        QVERIFY(desk.review->edits().objects().empty());  // nothing is written
        desk.sam->open = true;
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(!desk.prompts->reading() && !desk.prompts->preview()->interim);
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(3));
        QVERIFY(desk.prompts->readingSeconds() > 0);
        // Ready: no detour.
        desk.sam->isReady = true;
        desk.click({5, 24, 20});
        QVERIFY(!desk.prompts->reading());
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.simple->asked().size(), std::size_t(1));
    }
    void promptsAreOfOneObject() {
        Desk desk;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Preview) && desk.prompts->commit());
        const std::int32_t first = *desk.review->current();
        desk.sam->open = false;
        desk.click({5, 20, 24});
        desk.review->startNewObject();  // before the answer came
        QVERIFY(desk.review->current() && *desk.review->current() != first);
        QCOMPARE(desk.prompts->state(), PromptState::Idle);
        QCOMPARE(desk.prompts->count(), 0);
        desk.sam->open = true;
        desk.click({5, 30, 30});
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.prompts->preview()->object, *desk.review->current());
        QVERIFY(desk.prompts->commit());
        QCOMPARE(desk.labelAt({5, 20, 20}), first);
        QCOMPARE(desk.labelAt({5, 20, 24}), 0);
        QVERIFY(desk.labelAt({5, 30, 30}) != first);
    }
    void aBoxInAnotherSliceLeavesThisOneAsItIs() {
        Desk desk;
        desk.prompts->setWholeObject(false);
        desk.click({8, 30, 30});
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(desk.prompts->commit());
        const std::size_t before = desk.sam->asked().size();
        desk.prompts->setBox({{5, 10, 10}, {6, 20, 20}}, true);
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.click({8, 31, 30});
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(desk.sam->asked().size() > before);
        const PromptRequest& last = desk.sam->asked().back();
        QVERIFY(last.box.empty() && !last.startMask.empty());
    }
    void aNewerClickDiscardsTheOlder() {
        Desk desk;
        desk.sam->isReady = false;
        desk.sam->open = false;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Interim));
        desk.click({5, 30, 20});
        QVERIFY(!desk.prompts->hasAnswer());  // what is shown is no answer to these prompts
        QVERIFY(!desk.prompts->commit());
        QVERIFY(desk.reaches(PromptState::Interim));
        desk.sam->open = true;
        QVERIFY(desk.reaches(PromptState::Preview));
        const PreviewMask& preview = *desk.prompts->preview();
        QCOMPARE(preview.mask[(Index{5, 30, 20} - preview.origin)], std::uint8_t(1));
        QCOMPARE(desk.sam->asked().back().points.size(), std::size_t(2));
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        QCOMPARE(desk.prompts->state(), PromptState::Preview);
    }
    void collectingDiscardsToo() {
        Desk desk;
        desk.sam->open = false;
        desk.click({5, 20, 20});
        desk.prompts->add({{5, 30, 20}, true}, false);
        QCOMPARE(desk.prompts->state(), PromptState::Collecting);
        desk.sam->open = true;
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        desk.executor.drain();
        QCOMPARE(desk.prompts->state(), PromptState::Collecting);
        desk.prompts->run();
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.sam->asked().back().points.size(), std::size_t(2));
    }
    void theInterimAnswerCanBeCommitted() {
        Desk desk;
        desk.sam->isReady = false;
        desk.sam->open = false;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Interim));
        QVERIFY(desk.prompts->commit());
        QCOMPARE(desk.prompts->state(), PromptState::Idle);
        const std::int32_t object = *desk.review->current();
        QCOMPARE(desk.review->edits().objects().at(object).voxels, std::int64_t(2));
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));  // the engine was told to stop: it never opened
        QCOMPARE(desk.prompts->state(), PromptState::Idle);
        QCOMPARE(desk.review->edits().objects().at(object).voxels, std::int64_t(2));
        QCOMPARE(desk.labelAt({5, 20, 21}), object);
        desk.review->undo();
        QCOMPARE(desk.labelAt({5, 20, 21}), 0);
    }
    void boxesBeginObjects() {
        Desk desk;
        const Box box{{5, 10, 12}, {6, 20, 24}};
        desk.prompts->setBox(box, true);
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.prompts->count(), 1);
        PromptRequest asked = desk.sam->asked().back();
        QVERIFY(asked.box == box && asked.points.empty());
        QVERIFY(asked.image.box().shifted(asked.origin).contains(box));
        desk.click({5, 15, 14}, false);
        QVERIFY(desk.reaches(PromptState::Preview));
        asked = desk.sam->asked().back();
        QVERIFY(asked.box == box && asked.points.size() == 1);
        desk.prompts->removeLast();
        QCOMPARE(desk.prompts->count(), 1);
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.prompts->removeLast();
        QCOMPARE(desk.prompts->state(), PromptState::Idle);
        // An engine that knows only points gets them.
        desk.engines = {desk.simple};
        desk.simple->knowsBoxes = false;
        desk.prompts->setBox(box, true);
        QVERIFY(desk.reaches(PromptState::Preview));
        asked = desk.simple->asked().back();
        QVERIFY(asked.box.empty());
        QCOMPARE(asked.points.size(), std::size_t(5));
        QVERIFY((asked.points[0].positive && asked.points[0].at == Index{5, 15, 18}));
        for (std::size_t i = 1; i < 5; ++i) QVERIFY(!asked.points[i].positive && !box.contains(asked.points[i].at));
        // A box draws what is there anew.
        QVERIFY(desk.prompts->commit());
        desk.prompts->setBox(box, true);
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(desk.simple->asked().back().startMask.empty());
        QVERIFY(!desk.prompts->preview()->before.empty());
        desk.prompts->drop();
        desk.click({5, 18, 14});
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(!desk.simple->asked().back().startMask.empty());
    }
    void answersToChooseFrom() {
        Desk desk;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.prompts->nextAlternative();  // there is one
        QCOMPARE(desk.prompts->state(), PromptState::Preview);
        desk.prompts->drop();
        desk.sam->alternatives = 3;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.prompts->alternatives(), 3);
        for (const int wanted : {1, 2, 0, 1}) {
            desk.prompts->nextAlternative();
            QVERIFY(desk.reaches(PromptState::Preview));
            QCOMPARE(desk.prompts->alternative(), wanted);
            QCOMPARE(desk.sam->asked().back().alternative, wanted);
        }
        desk.click({5, 20, 30});  // later clicks work on the one that was chosen
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.sam->asked().back().alternative, 1);
        QVERIFY(desk.prompts->commit());
        QCOMPARE(desk.prompts->alternatives(), 1);
        desk.click({6, 20, 20});
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(desk.sam->asked().back().alternative, 0);
    }
    void answersGrowSliceBySlice() {
        Desk desk;
        desk.sam->parts = 3;
        desk.sam->open = false;
        desk.click({5, 20, 20});
        QVERIFY(desk.until([&] { return desk.prompts->preview() && marked(*desk.prompts->preview()) == 9; }));
        QCOMPARE(desk.prompts->state(), PromptState::Growing);
        QVERIFY(desk.prompts->hasAnswer() && desk.prompts->preview()->interim);
        desk.prompts->cancel();  // keeps what is done
        QCOMPARE(desk.prompts->state(), PromptState::Preview);
        QVERIFY(!desk.prompts->preview()->interim);
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(9));
        desk.prompts->cancel();  // drops
        QCOMPARE(desk.prompts->state(), PromptState::Idle);
        QVERIFY(!desk.prompts->preview());

        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Growing));
        QVERIFY(desk.prompts->commit());
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        const auto voxels = desk.review->edits().objects().at(*desk.review->current()).voxels;
        QVERIFY(voxels == 3 || voxels == 6 || voxels == 9);  // as many slices as were shown

        desk.sam->open = true;
        desk.click({5, 30, 20});
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(12));
    }
    void aBrokenModelIsNoDeadEnd() {
        Desk desk;
        desk.sam->broken = true;
        QSignalSpy said(desk.prompts.get(), &PromptSession::said);
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Preview));
        QCOMPARE(marked(*desk.prompts->preview()), std::int64_t(2));
        QVERIFY(said.first().first().toString().contains("broken"));
        desk.prompts->drop();
        desk.engines = {desk.simple};
        desk.simple->broken = true;
        desk.click({5, 20, 20});
        QVERIFY(desk.reaches(PromptState::Failed));
        desk.simple->broken = false;
        desk.prompts->run();
        QVERIFY(desk.reaches(PromptState::Preview));
    }
    void closingWhileItRuns() {
        for (const bool growing : {false, true}) {
            Desk desk;
            desk.sam->isReady = growing;
            desk.sam->parts = growing ? 4 : 0;
            desk.sam->open = false;
            desk.sam->aheadOpen = false;
            auto ahead = std::make_unique<PromptAhead>(*desk.review, *desk.prompts, *desk.jobs);
            ahead->lookAt({5, 20, 20});
            desk.click({5, 20, 20});
            QVERIFY(desk.until([&] { return desk.sam->asked().size() == 1; }));
            ahead.reset();
            desk.prompts.reset();
            QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        }
    }

    void theOrderAhead() {
        const auto slices = [](const std::vector<Index>& places) {
            std::vector<std::int64_t> z;
            for (const Index& place : places) z.push_back(place.z);
            return z;
        };
        QCOMPARE(slices(placesAhead({4, 1, 1}, 6, 2, {{0, 9, 9}})), (std::vector<std::int64_t>{4, 5, 3, 2, 0}));
        QCOMPARE(slices(placesAhead({0, 1, 1}, 1, 3, {})), (std::vector<std::int64_t>{0}));
        QCOMPARE(slices(placesAhead({0, 1, 1}, 3, 1, {{1, 9, 9}})), (std::vector<std::int64_t>{0, 1}));
        QVERIFY((placesAhead({4, 1, 2}, 6, 0, {{2, 9, 9}}) == std::vector<Index>{{4, 1, 2}, {2, 9, 9}}));
    }
    void slicesAreReadAhead() {
        Desk desk;
        PromptAhead ahead(*desk.review, *desk.prompts, *desk.jobs);
        ahead.lookAt({5, 20, 20});
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 7; }));
        QVERIFY((desk.sam->begun()[0] == Index{5, 20, 20}) && desk.sam->begun()[6].z == 2);
        ahead.lookAt({5, 30, 30});  // the same slice: nothing new
        QTest::qWait(300);
        QCOMPARE(desk.sam->begun().size(), std::size_t(7));
        desk.sam->aheadOpen = false;
        ahead.lookAt({9, 20, 20});
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 8; }));
        ahead.lookAt({1, 20, 20});  // ends what was meant for another slice
        QVERIFY(desk.until([&] { return desk.sam->cancelledAhead == 1; }));
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 9; }));
        QCOMPARE(desk.sam->begun().back().z, std::int64_t(1));
        ahead.stop();
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        QCOMPARE(desk.sam->cancelledAhead.load(), 2);
    }
    void aWaitingPromptGoesFirst() {
        Desk desk;
        desk.sam->aheadOpen = false;
        desk.sam->isReady = false;
        desk.sam->open = false;
        PromptAhead ahead(*desk.review, *desk.prompts, *desk.jobs);
        ahead.lookAt({5, 20, 20});
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 1; }));
        desk.click({5, 20, 20});  // it is being read already
        desk.click({5, 22, 20});
        desk.click({8, 20, 20});  // it is not
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 2; }));
        QCOMPARE(desk.sam->cancelledAhead.load(), 1);
        QCOMPARE(desk.sam->begun().back().z, std::int64_t(8));
        desk.prompts->drop();
        ahead.stop();
        QVERIFY(desk.until([&] { return desk.jobs->idle(); }));
        // Without a model there is nothing to read.
        desk.engines = {desk.simple};
        desk.prompts->refreshEngine();
        ahead.lookAt({2, 20, 20});
        QTest::qWait(300);
        QVERIFY(desk.simple->begun().empty() && desk.jobs->idle());
    }

    void aBrokenModelIsReadOnce() {
        Desk desk;
        desk.sam->broken = true;
        PromptAhead ahead(*desk.review, *desk.prompts, *desk.jobs);
        ahead.lookAt({5, 20, 20});
        QVERIFY(desk.until([&] { return desk.sam->begun().size() == 1 && desk.jobs->idle(); }));
        desk.executor.drain();
        ahead.lookAt({7, 20, 20});
        QTest::qWait(300);
        QCOMPARE(desk.sam->begun().size(), std::size_t(1));
    }

    // The real engine with a network that is small and knows nothing.
    void aSamNetworkAnswers() {
        Desk desk;
        const std::filesystem::path weights = desk.folder.filePath("tiny.safetensors").toStdString();
        test::writeTinySam(weights);
        desk.engines = stage::promptEngines({.file = weights, .name = "Tiny SAM", .device = "cpu", .threads = 1});
        QCOMPARE(desk.engines.size(), std::size_t(2));
        desk.click({5, 20, 20});
        QCOMPARE(desk.prompts->engineName(), QString("Tiny SAM"));
        QVERIFY(desk.prompts->reading());
        QVERIFY(desk.reaches(PromptState::Preview));
        const PreviewMask& first = *desk.prompts->preview();
        QCOMPARE(first.mask[(Index{5, 20, 20} - first.origin)], std::uint8_t(1));
        desk.click({5, 20, 30});  // the slice is known now
        QVERIFY(!desk.prompts->reading());
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.prompts->drop();
        // Another slice, read ahead.
        PromptAhead ahead(*desk.review, *desk.prompts, *desk.jobs);
        ahead.lookAt({9, 20, 20});
        const auto known = [&](std::int64_t z) {
            PromptRequest request;
            request.source = desk.review->image().get();
            request.identity = desk.review->imageIdentity();
            request.points = {{{z, 20, 20}, true}};
            return desk.engines.front()->ready(request);
        };
        QVERIFY(desk.until([&] { return known(9) && known(11) && known(6); }));
        desk.click({9, 20, 20});
        QVERIFY(!desk.prompts->reading());
        QVERIFY(desk.reaches(PromptState::Preview));
        desk.prompts->drop();
        desk.prompts->setBox({{9, 10, 10}, {10, 30, 30}}, true);
        QVERIFY(desk.reaches(PromptState::Preview));
        QVERIFY(desk.prompts->commit());
    }
};

QTEST_GUILESS_MAIN(TestPrompts)
#include "tst_prompts.moc"
