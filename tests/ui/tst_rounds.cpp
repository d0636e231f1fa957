// What the Learn page says of a round that turned out worse or better, and that another one is one click away.
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "base/file.h"
#include "data/synthetic.h"
#include "gui_executor.h"
#include "project/runner.h"
#include "services.h"
#include "ui/actions.h"
#include "ui/edit/round_report.h"
#include "ui/edit/training_curve.h"
#include "ui/main_window.h"
#include "ui/page/before_after.h"
#include "ui/page/export_page.h"
#include "ui/page/learn_page.h"
#include "ui/page/review_page.h"
#include "ui/theme/theme.h"
#include "ui/workspace.h"
#include "window_house.h"
#include "zarr/ome_zarr.h"

using namespace fovea;
using namespace fovea::ui;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json figures(double f1, double dice, int objects) {
    return {{"f1", f1},
            {"dice", dice},
            {"interval", {f1 - 0.1, f1 + 0.1}},
            {"true_objects", objects},
            {"objects", objects},
            {"splits", 1},
            {"merges", 2},
            {"f1_75", f1 / 2}};
}

// A project with pseudo-labels and a first round that was scored with the figures given.
struct Made {
    QTemporaryDir temp;
    app::Services services = app::makeServices();
    fs::path folder = fs::path(temp.path().toStdString()) / "p";
    Volume<std::int32_t> found;

    Made(double before, double after, int objects) {
        const SyntheticSample sample = makeSample("nuclei", {8, 64, 64}, 3);
        const fs::path image = fs::path(temp.path().toStdString()) / "image.zarr";
        zarr::save(image, sample.image);
        const auto project = project::Project::create(folder, services.opener);
        project->addCase(image.string());
        Job job;
        project::run(*project, services.stages, {.stages = {"import", "pseudo-label"}}, job);
        project->beginRound();
        const project::Artifacts artifacts(*project, services.stages);
        const fs::path pseudo = artifacts.folder({"pseudo-label", "image", 0});
        found = zarr::open(pseudo / "labels.zarr")->readAll<std::int32_t>();
        const fs::path round = artifacts.folder({"instances", "image", 1}),
                       scores = artifacts.folder({"evaluate", "", 1});
        file::makeFolder(round);
        file::copy(pseudo / "objects.json", round / "objects.json");
        Volume<std::int32_t> labels = found;  // the round lost the upper half
        std::fill_n(labels.data(), labels.size() / 2, 0);
        zarr::save(round / "labels.zarr", labels, true);
        file::makeFolder(scores);
        const bool promoted = after >= before;
        project->settle(1, promoted);
        const json boxes = {{{"case", "image"}, {"box", {{2, 0, 0}, {6, 64, 64}}}}};
        file::writeJson(
            scores / "scores.json",
            {{"truths",
              {{{"truth", "check"},
                {"scores",
                 {{"pseudo-labels", figures(before, 0.8, objects)}, {"objects", figures(after, 0.7, objects)}}},
                {"boxes", boxes}}}},
             {"summary",
              {{"judged", objects > 0},
               {"promoted", promoted},
               {"rival", 0},
               {"check_boxes", 2},
               {"check_complete", 1},
               {"enough_objects", objects >= 30}}}});
        for (const fs::path& one : {round, scores})
            file::writeJson(one / "manifest.json", {{"key", "k"}, {"hash", "h"}, {"result", json::object()}});
    }
};

// The window with that project open, on the Learn page.
struct Window {
    app::GuiExecutor executor;
    JobQueue jobs{executor};
    Workspace workspace;
    Theme theme;
    MainWindow window{theme, workspace};
    bool opened = false;

    explicit Window(const Made& made) : workspace(backendOf(made.services), jobs) {
        window.show();
        workspace.openProject(QString::fromStdString(made.folder.string()));
        opened = QTest::qWaitFor([this] { return window.reviewPage().review() != nullptr; }, patience);
        window.showPage(MainWindow::Learn);
    }
    ~Window() { workspace.closeProject(); }
};

bool says(const QWidget& page, const QString& text) {
    for (const QLabel* label : page.findChildren<QLabel*>())
        if (label->isVisibleTo(&page) && label->text().contains(text)) return true;
    return false;
}

}  // namespace

class TestRounds : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        QCoreApplication::setOrganizationName("FoveaTest");
        QCoreApplication::setApplicationName("FoveaTestRounds");
        QSettings().clear();
    }

    void sentences() {
        RoundReport report;
        report.scored = 2, report.rival = 1, report.inUse = 1, report.judged = true, report.promoted = false;
        report.rounds = {{0, 0.5, 0.4, 0.6, 0.6, 9, 9, 0, 0},
                         {1, 0.70, 0.6, 0.8, 0.8, 9, 9, 0, 0},
                         {2, 0.61, 0.5, 0.7, 0.7, 9, 9, 0, 0}};
        QCOMPARE(verdictText(report),
                 QString("Round 2 is worse on the check (F1 0.61 against 0.70). Round 1 stays in use."));
        report.rival = 0, report.inUse = 0;
        QVERIFY(verdictText(report).endsWith("The pseudo-labels stay in use.") || report.before()->f1 < 0.61);
        report.promoted = true, report.inUse = 2;
        QVERIFY(verdictText(report).contains("Too few objects"));
        QVERIFY(trustText(report).contains("Under 30"));
        report.enough = true;
        QVERIFY(verdictText(report).startsWith("No clear difference"));  // the interval reaches down to 0.5
        report.rounds[2].low = 0.55;
        QCOMPARE(verdictText(report), QString("Better: F1 0.50 → 0.61. Round 2 is in use."));
        report.rounds.clear();
        report.judged = false, report.checkBoxes = 2;
        QVERIFY(trustText(report).contains("Nothing missed here"));
        report.checkBoxes = 0;
        QVERIFY(trustText(report).contains("choose what to label"));
        QVERIFY(trustText({}).contains("when a round has finished"));
    }

    void aWorseRoundIsSaidAndOneClickAway() {
        Made made(0.70, 0.61, 12);
        Window w(made);
        MainWindow& window = w.window;
        Workspace& workspace = w.workspace;
        QVERIFY(w.opened);
        ReviewSession& review = *window.reviewPage().review();
        const auto labels = [&] { return review.edits().layer().read(Box::of({8, 64, 64})); };
        QVERIFY(labels() == made.found);  // what was better stays on the screen

        LearnPage& page = window.learnPage();
        QVERIFY(says(page, "Round 1 is worse on the check (F1 0.61 against 0.70). The pseudo-labels stay in use."));
        QVERIFY(says(page, "12"));
        QVERIFY(says(page, "1 of 2 check patches"));
        auto* use = page.findChild<QPushButton*>("use-anyway");
        QVERIFY(use && use->isVisible());
        auto* pictures = page.findChild<BeforeAfter*>();
        QTRY_COMPARE_WITH_TIMEOUT(pictures->pictures(), 1, 900000);

        // A verdict, then the other round, then back: the verdict stays, and so does what can be undone.
        QVERIFY(!review.edits().objects().empty());
        std::int32_t kept = 0;
        for (const auto& [id, object] : review.edits().objects())
            if (object.box.end.z <= 4) kept = id;
        if (kept == 0) kept = review.edits().objects().begin()->first;
        review.edits().setState({kept}, labels::State::Accepted);
        use->click();
        QCOMPARE(workspace.project()->inUse(), 1);
        QVERIFY(labels() != made.found);
        QCOMPARE(review.edits().objects().at(kept).state, labels::State::Accepted);
        QVERIFY(!use->isVisible());
        QVERIFY(says(page, "You chose it although the check says it is worse."));
        auto* back = page.findChild<QPushButton*>("use-round-0");
        QVERIFY(back);
        back->click();
        QCOMPARE(workspace.project()->inUse(), 0);
        QVERIFY(labels() == made.found);
        QCOMPARE(review.edits().objects().at(kept).state, labels::State::Accepted);
        int steps = 0;
        while (review.edits().canUndo()) review.undo(), ++steps;
        QCOMPARE(steps, 3);  // a verdict and two switches
        QVERIFY(labels() == made.found);
        QCOMPARE(review.edits().objects().at(kept).state, labels::State::ToReview);
        while (steps-- > 0) review.redo();
        QCOMPARE(review.edits().objects().at(kept).state, labels::State::Accepted);
        workspace.closeProject();

        // And after a restart.
        workspace.openProject(QString::fromStdString(made.folder.string()));
        QTRY_VERIFY_WITH_TIMEOUT(window.reviewPage().review() != nullptr, 900000);
        QCOMPARE(window.reviewPage().review()->edits().objects().at(kept).state, labels::State::Accepted);
        QCOMPARE(workspace.project()->inUse(), 0);
        workspace.closeProject();
    }

    void nothingIsCutOffInASmallWindow() {
        Made made(0.70, 0.61, 12);
        Window w(made);
        QVERIFY(w.opened);
        LearnPage& page = w.window.learnPage();
        for (const QSize size : {QSize(1600, 1000), w.window.minimumSize()}) {
            w.window.resize(size);
            QTest::qWait(50);
            int buttons = 0;
            for (const auto* one : page.findChildren<QPushButton*>()) {
                if (!one->isVisible()) continue;
                ++buttons;
                QVERIFY2(one->width() >= one->sizeHint().width(), qPrintable(one->text()));
            }
            QVERIFY(buttons >= 3);
            for (const auto* one : page.findChildren<QLabel*>())
                if (one->isVisible() && !one->wordWrap() && one->pixmap().isNull())
                    QVERIFY2(one->width() >= one->sizeHint().width(), qPrintable(one->text()));
        }
    }

    // Check patches without an object: dashes and a sentence, not 0.00.
    void withoutATrueObjectNothingIsTold() {
        Made made(0, 0, 0);
        Window w(made);
        LearnPage& page = w.window.learnPage();
        QVERIFY(says(page, "nothing can be told"));
        QVERIFY(says(page, "–"));
        for (const char* figure : {"0.00", "0.80", "0.70", "anywhere between"}) QVERIFY2(!says(page, figure), figure);
    }

    // The export page says which round is taken when the newest was never scored.
    void exportNamesTheRound() {
        Made made(0.60, 0.70, 12);
        const fs::path first = made.folder / "rounds" / "1" / "instances" / "image",
                       second = made.folder / "rounds" / "2" / "instances" / "image";
        project::Project::open(made.folder, made.services.opener)->beginRound();
        fs::create_directories(second);
        fs::copy(first, second, fs::copy_options::recursive);
        Window w(made);
        w.window.showPage(MainWindow::Export);
        QVERIFY(says(w.window.exportPage(), "Round 2 was never scored and is therefore not in use: round 1 is taken."));
        w.window.showPage(MainWindow::Learn);
        w.workspace.useRound(2);
        w.window.showPage(MainWindow::Export);
        QVERIFY(!says(w.window.exportPage(), "never scored"));
    }

    void theCurveIsReadWhereTheRunWrites() {
        Made made(0.5, 0.6, 12);
        const auto project = project::Project::open(made.folder, made.services.opener);
        const project::Artifacts artifacts(*project, made.services.stages);
        QVERIFY(!runningCurve(artifacts));
        // A curve of some other run is not taken for it.
        const fs::path other = project->workFolder() / "0123456789abcdef" / "out";
        file::makeFolder(other);
        file::writeJson(other / "curves.json", {{"iterations", 5}, {"points", json::array()}});
        QVERIFY(!runningCurve(artifacts));
        const project::Stage& stage = project::stageById(made.services.stages, "fine-tune");
        const std::string id = project::Artifacts::orderId(project::Artifacts::key(artifacts.recipe(stage, "", 1)));
        const fs::path out = project->workFolder() / id / "out";
        file::makeFolder(out);
        file::writeJson(
            out / "curves.json",
            {{"iterations", 20},
             {"points", {{{"iteration", 1}, {"loss", 0.5}}, {{"iteration", 2}, {"loss", 0.4}, {"tuning", 0.3}}}}});
        const auto file = runningCurve(artifacts);
        QVERIFY(file && *file == out / "curves.json");
        const auto curve = readCurve(*file);
        QVERIFY(curve.has_value());
        QCOMPARE(curve->loss.size(), 2);
        QCOMPARE(curve->dice.size(), 1);
        QCOMPARE(curve->planned, 20.0);
        file::write(out / "curves.json", std::string("{\"iterations\":"));
        QVERIFY(!readCurve(out / "curves.json"));
    }
};

QTEST_MAIN(TestRounds)
#include "tst_rounds.moc"
