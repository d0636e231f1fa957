// The whole window on a small invented volume: open → paint → prompt → accept → learn → undo → export, driven by
// actions.
#include <QDir>

#include "gap_meter.h"
#include "ui/page/export_page.h"
#include "ui/view/view3d.h"
#include "window_house.h"

using namespace fovea;
using namespace fovea::ui;

class TestWindow : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() { keepSettingsApart(); }

    void everyActionHasTextAndUniqueId() {
        QSet<QString> ids;
        for (const ActionRow& row : actionTable()) {
            QVERIFY2(!ids.contains(row.id), row.id);
            ids.insert(row.id);
            QVERIFY(*row.text != 0);
        }
    }

    void keysDoNotCollideInOneContext() {
        QHash<QString, QString> taken;
        for (const ActionRow& row : actionTable())
            for (const QString& key : QString::fromUtf8(row.keys).split("; ", Qt::SkipEmptyParts)) {
                // Contexts nest, so a key belongs to one action in the whole window.
                QVERIFY2(!taken.contains(key), qPrintable(QString("%1: %2 and %3").arg(key, taken.value(key), row.id)));
                taken.insert(key, row.id);
            }
    }

    void theLoop() {
        WindowHouse house;
        MainWindow& window = house.window;
        Workspace& workspace = house.workspace;
        window.show();
        QCOMPARE(window.page(), MainWindow::Images);

        // Opening starts finding by itself; the review page follows.
        const QString problem = house.open("image.zarr", makeSample("nuclei", {12, 96, 96}, 3));
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QSignalSpy finished(&workspace, &Workspace::chainFinished);
        ReviewSession& review = *window.reviewPage().review();
        window.showPage(MainWindow::Review);

        // Paint a new object.
        Actions& actions = window.actions();
        const std::size_t before = review.edits().objects().size();
        QVERIFY(actions.trigger("object.new"));
        QVERIFY(actions.trigger("tool.brush"));
        ToolBox& tools = *window.reviewPage().tools();
        SliceEvent event;
        event.voxel = {6.5, 48.5, 48.5};
        event.at = {6, 48, 48};
        event.inside = true;
        event.button = Qt::LeftButton;
        event.buttons = Qt::LeftButton;
        tools.setBrushRadius(0.5);
        tools.press(event);
        event.voxel.x += 4;
        tools.move(event);
        tools.release(event);
        QCOMPARE(review.edits().objects().size(), before + 1);
        const std::int64_t painted = review.currentObject()->voxels;
        QVERIFY(painted > 0);

        // Prompt on it: a proposal that is written only on commit.
        QVERIFY(actions.trigger("tool.point"));
        event.at = {6, 52, 52};
        event.voxel = {6.5, 52.5, 52.5};
        const std::int64_t journal = review.edits().journalPosition();
        tools.press(event);
        tools.release(event);
        QTRY_COMPARE_WITH_TIMEOUT(window.reviewPage().prompts()->state(), PromptState::Preview, patience);
        QCOMPARE(review.edits().journalPosition(), journal);
        QVERIFY(actions.trigger("review.accept"));
        QVERIFY(review.edits().journalPosition() > journal);

        // Accept everything else and mark the middle complete.
        for (int i = 0; i < 100 && review.progress().reviewed() < review.progress().total; ++i)
            actions.trigger("review.accept");
        QCOMPARE(review.progress().reviewed(), review.progress().total);
        review.markPatchDone({{0, 0, 0}, {12, 96, 96}});

        // Learn, with a plan that takes seconds.
        project::Project& project = *workspace.project();
        const auto set = [&](const char* stage, const nlohmann::json& values) {
            project.setOptions(project::stageById(house.services.stages, stage), values);
        };
        set("plan", {{"minutes", 0.2}, {"iterations", 4}, {"pretrain_iterations", 2}, {"base_features", 4}});
        set("query", {{"strategy", "random"}, {"patches", 1}});
        finished.clear();
        GapMeter gaps;
        const DrawingCost before3d = window.reviewPage().views().view3d().cost();
        QVERIFY(workspace.learn());
        window.showPage(MainWindow::Review);
        QVERIFY(actions.trigger("edit.undo"));  // editing goes on while it learns
        int strokes = 0;
        for (; finished.isEmpty() && strokes < 400; ++strokes) {
            review.setCurrent(review.edits().objects().begin()->first);
            review.reopen();
            tools.choose("brush");
            tools.press(eventAt({5, 10 + strokes % 60, 20}));
            tools.move(eventAt({5, 10 + strokes % 60, 40}));
            tools.release(eventAt({5, 10 + strokes % 60, 40}));
            QTest::qWait(20);
        }
        QVERIFY(!finished.isEmpty() || finished.wait(patience));
        // Told, not judged: the machine may be busy with other things.
        const DrawingCost after3d = window.reviewPage().views().view3d().cost();
        qInfo(
            "while learning: %d strokes, longest gap of the event loop %lld ms (%d over 100), at most %.0f ms of work "
            "of its own; 3D on its own thread: "
            "%d pictures in %.1f s",
            strokes, static_cast<long long>(gaps.longest()), gaps.over100(), gaps.longestWork(),
            after3d.pictures - before3d.pictures, (after3d.milliseconds - before3d.milliseconds) / 1000);
        QVERIFY2(finished.first().first().toBool(), qPrintable(finished.first().at(1).toString()));
        QCOMPARE(workspace.statusOf("instances"), project::Status::UpToDate);

        // Another round is one click away, and back; what the person decided stays.
        const auto frozen = [&] {
            int n = 0;
            for (const auto& [id, object] : review.edits().objects()) n += labels::isFrozen(object.state);
            return n;
        };
        const int decided = frozen();
        const Volume<std::int32_t> seen = review.edits().layer().read(Box::of({12, 96, 96}));
        QVERIFY(decided > 0);
        const QSignalSpy failures(&workspace, &Workspace::failed);
        for (const int round : {0, 1, 0, 1}) {
            workspace.useRound(round);
            QCOMPARE(workspace.project()->inUse(), round);
            QCOMPARE(frozen(), decided);
        }
        QVERIFY2(failures.isEmpty(), failures.isEmpty() ? "" : qPrintable(failures.first().first().toString()));
        QVERIFY(review.edits().layer().read(Box::of({12, 96, 96})) == seen);

        // Export what is there.
        finished.clear();
        window.showPage(MainWindow::Export);
        const QString out = house.folder.path() + "/out";
        window.exportPage().setFolder(out);
        QSignalSpy exported(&window.exportPage(), &ExportPage::exported);
        QMetaObject::invokeMethod(&window.exportPage(), "start");
        QVERIFY(exported.wait(patience));
        QVERIFY(!QDir(out).entryList({"*labels*"}).isEmpty());
        QVERIFY(!QDir(out).entryList({"*.csv"}).isEmpty());

        // Undo everything of the person, redo everything: the same labels.
        const Volume<std::int32_t> now = review.edits().layer().read(Box::of({12, 96, 96}));
        int steps = 0;
        while (review.edits().canUndo()) review.undo(), ++steps;
        while (steps-- > 0) review.redo();
        QVERIFY(review.edits().layer().read(Box::of({12, 96, 96})) == now);
    }
};

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
