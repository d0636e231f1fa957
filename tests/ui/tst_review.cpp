// The Review page over real stages on a small invented volume: what a person sees and does on it.
#include <sys/resource.h>

#include <QFile>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QTableView>
#include <QToolButton>
#include <csignal>

#include "project/deliver.h"
#include "ui/page/objects_page.h"
#include "ui/panel/layers_panel.h"
#include "ui/panel/object_table_view.h"
#include "ui/panel/prompt_bar.h"
#include "ui/panel/prompt_list.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"
#include "ui/widget/flow_bar.h"
#include "window_house.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

const Index shape{12, 96, 96};

}  // namespace

class TestReview : public QObject {
    Q_OBJECT
    std::unique_ptr<WindowHouse> house;
    ReviewPage& page() { return house->window.reviewPage(); }

  private Q_SLOTS:
    void initTestCase() {
        keepSettingsApart();
        house = std::make_unique<WindowHouse>();
        house->window.resize(1280, 800);
        house->window.show();
        // A name as people give them, in a folder that is no plain ASCII either.
        const QString problem = house->open(QStringLiteral("Zellkerne äöüß ‑ a very long name of a volume, day 3.zarr"),
                                            makeSample("nuclei", shape, 3));
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        house->window.showPage(MainWindow::Review);
        QTest::qWait(20);
    }
    void cleanupTestCase() { house.reset(); }

    void theFirstObjectIsInTheMiddle() {
        const labels::Object* object = page().review()->currentObject();
        QVERIFY(object);
        // The crosshair is on the object, so that all three slices show it.
        const Index cursor = page().scene().cursor();
        QCOMPARE(page().review()->edits().layer().read({cursor, cursor + Index{1, 1, 1}})(0, 0, 0), object->id);
        const Vec3 centre = page().scene().centre();
        for (int axis = 0; axis < 3; ++axis)
            QVERIFY(std::abs(centre[axis] - 0.5 * double(object->box.begin[axis] + object->box.end[axis])) < 1);
        // Of the view as it is now, not of the size it had before it was shown: 40 %, or 8 pixels per voxel.
        const SliceView& view = page().views().view(Plane::XY);
        const Vec3 s = page().scene().spacing();
        const Index n = object->box.extent();
        const double wanted =
            std::min(0.4 * std::min(view.width(), view.height()) / std::max(double(n.y) * s.y, double(n.x) * s.x),
                     8 / std::min(s.y, s.x));
        QVERIFY2(std::abs(page().scene().zoom() / wanted - 1) < 0.01,
                 qPrintable(QString("%1 for %2").arg(page().scene().zoom()).arg(wanted)));
    }
    void exportHasTheLastStroke() {
        ReviewSession& review = *page().review();
        const labels::ObjectId painted = review.edits().newId();
        Volume<std::uint8_t> dab({3, 3, 3});
        std::fill_n(dab.data(), dab.size(), 1);
        QVERIFY(review.edits().paint(Text("Brush"), {1, 1, 1}, dab, painted, "person") > 0);
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        QVERIFY(house->workspace.runStages({"export"}, Text("Export")));  // at once, nothing written yet
        QVERIFY(finished.wait(patience));
        QVERIFY2(finished.first().first().toBool(), qPrintable(finished.first().at(1).toString()));
        const auto folders = project::exportsOf(*house->workspace.artifacts());
        QCOMPARE(folders.size(), std::size_t(1));
        QFile table(QString::fromStdString((folders.front() / (review.caseId() + "_objects.csv")).string()));
        QVERIFY(table.open(QIODevice::ReadOnly));
        QVERIFY(table.readAll().contains(QByteArray("\n") + QByteArray::number(painted) + ","));
        review.undo();
    }
    void newLabelsWaitForTheStroke() {
        ReviewSession& review = *page().review();
        const std::string before = review.edits().basePath();
        QVERIFY(house->window.actions().trigger("object.new"));
        QVERIFY(house->window.actions().trigger("tool.brush"));
        page().tools()->setBrushRadius(0.5);
        page().tools()->press(eventAt({6, 48, 48}));
        const project::Stage& stage = project::stageById(house->services.stages, "pseudo-label");
        house->workspace.project()->setOptions(stage, {{"sensitivity", 0.6}});
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        QSignalSpy failures(&page(), &ReviewPage::failed);
        QVERIFY(house->workspace.findObjects());
        const auto* flow = house->window.findChild<FlowBar*>();
        QCOMPARE(flow->step(1).detail, QString("working"));
        QCOMPARE(flow->step(4).detail, QString("in the background"));  // it does not learn
        QVERIFY(finished.wait(patience));
        QVERIFY2(finished.first().first().toBool(), qPrintable(finished.first().at(1).toString()));
        QTest::qWait(50);
        QCOMPARE(page().review(), &review);
        QCOMPARE(review.edits().basePath(), before);  // the stroke is still being drawn
        page().tools()->move(eventAt({6, 48, 52}));
        page().tools()->release(eventAt({6, 48, 52}));
        QTRY_VERIFY_WITH_TIMEOUT(review.edits().basePath() != before, patience);
        QVERIFY2(failures.isEmpty(), failures.isEmpty() ? "" : qPrintable(failures.first().first().toString()));
        // An undo in the middle of a stroke ends it as well.
        page().tools()->press(eventAt({5, 30, 30}));
        QVERIFY(house->window.actions().trigger("edit.undo"));
        page().tools()->release(eventAt({5, 30, 30}));
        review.undo();
    }
    // What is not on disk yet (here: the disk is full) is waited for, never left out in silence.
    void exportWaitsForTheDisk() {
        ReviewSession& review = *page().review();
        review.edits().flush();
        rlimit old{};
        getrlimit(RLIMIT_FSIZE, &old);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        rlimit tight = old;
        tight.rlim_cur = 1;
        setrlimit(RLIMIT_FSIZE, &tight);
        const labels::ObjectId painted = review.edits().newId();
        Volume<std::uint8_t> dab({3, 3, 3});
        std::fill_n(dab.data(), dab.size(), 1);
        review.edits().paint(Text("Brush"), {5, 1, 1}, dab, painted, "person");
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        const bool started = house->workspace.runStages({"export"}, Text("Export"));
        const bool ended = finished.wait(patience);
        setrlimit(RLIMIT_FSIZE, &old);
        std::signal(SIGXFSZ, handler);
        QVERIFY(started && ended);
        QVERIFY(!finished.first().first().toBool());
        const QString told = finished.first().at(1).toString();
        QVERIFY2(told.contains("not on disk yet"), qPrintable(told));
        review.edits().flush();  // written once there is room again
        review.undo();
    }
    void anAcceptedObjectIsNotDeleted() {
        ReviewSession& review = *page().review();
        const auto id = review.edits().objects().begin()->first;
        review.edits().setState({id}, labels::State::Accepted);
        review.setCurrent(id);
        QVERIFY(house->window.actions().trigger("object.delete"));  // said, not thrown through the event loop
        QVERIFY(review.edits().objects().contains(id));
        review.undo();
    }
    void promptsAreListedAndTakenAway() {
        auto* bar = page().findChild<PromptBar*>();
        auto* list = page().findChild<PromptList*>();
        QVERIFY(bar && list && !bar->isVisible() && !list->isVisible());
        QVERIFY(house->window.actions().trigger("object.new"));
        QVERIFY(house->window.actions().trigger("tool.point"));
        for (const Index at : {Index{6, 40, 40}, Index{6, 52, 52}}) {
            page().tools()->press(eventAt(at));
            page().tools()->release(eventAt(at));
            QTRY_COMPARE_WITH_TIMEOUT(page().prompts()->state(), PromptState::Preview, patience);
        }
        QVERIFY(bar->isVisible() && list->isVisible());
        QVERIFY(page().views().rect().contains(bar->geometry()));
        QList<QToolButton*> crosses = list->findChildren<QToolButton*>();
        QCOMPARE(crosses.size(), 2);
        crosses.front()->click();
        QCOMPARE(page().prompts()->points().size(), std::size_t(1));
        QCOMPARE(page().prompts()->points()[0].at.x, std::int64_t(52));
        QTRY_COMPARE_WITH_TIMEOUT(page().prompts()->state(), PromptState::Preview, patience);
        // Accept in the bar writes the proposal and gives the verdict.
        const std::int32_t id = *page().review()->current();
        for (QAbstractButton* button : bar->findChildren<QAbstractButton*>())
            if (button->accessibleName() == "Accept") button->click();
        const auto& objects = page().review()->edits().objects();
        QVERIFY(objects.count(id) == 1 && labels::isFrozen(objects.at(id).state));
        QVERIFY(!bar->isVisible() && !list->isVisible());
    }
    void numbersAreSeenWhole() {
        auto* table = page().findChild<ObjectTableView*>();
        QVERIFY(table && table->isVisible());
        for (const double scale : {1.0, 1.4}) {
            house->theme.setTextScale(scale);
            QTest::qWait(10);
            const QFontMetrics metrics(house->theme.font(TextRole::Body));
            for (const int column : {ObjectModel::Id, ObjectModel::Score, ObjectModel::VolumeUm3, ObjectModel::Slices})
                for (int row = 0; row < table->model()->rowCount(); ++row) {
                    const QString text = table->model()->index(row, column).data().toString();
                    QVERIFY2(metrics.horizontalAdvance(text) + 8 <= table->columnWidth(column), qPrintable(text));
                }
        }
        house->theme.setTextScale(1);
        // Also of objects that come later, with longer numbers and wider digits than any before.
        ObjectModel objects;
        ObjectTableView later(house->theme);
        later.setObjects(&objects);
        labels::ObjectTable rows;
        for (const std::int32_t id : {11, 44, 70444, 71111}) {
            rows[id].id = id;
            rows[id].voxels = std::int64_t(id) * id;
            objects.update(rows, {id});
            QTest::qWait(1);
            const QFontMetrics metrics(house->theme.font(TextRole::Body));
            for (int row = 0; row < objects.rowCount(); ++row)
                for (const int column : {ObjectModel::Id, ObjectModel::VolumeUm3})
                    QTRY_VERIFY(metrics.horizontalAdvance(objects.index(row, column).data().toString()) + 8 <=
                                later.columnWidth(column));
        }
        QCOMPARE(sizeText(0), QString("0"));
        QCOMPARE(sizeText(0.0002), QString("<0.001"));
        QCOMPARE(sizeText(0.0494), QString("0.049"));
        QCOMPARE(sizeText(12.345), QString("12.35"));
        QCOMPARE(sizeText(123456.7), QString("123457"));
    }
    void layersCanBeHidden() {
        ViewScene& scene = page().scene();
        QVERIFY(!scene.hasPrediction() && scene.imageVisible());
        scene.setPrediction(page().review()->image());  // of the same shape
        QVERIFY(scene.hasPrediction() && !scene.predictionVisible());
        scene.setPredictionVisible(true);
        QVERIFY(scene.style()->prediction != nullptr);
        scene.setPrediction(nullptr);
        QVERIFY(!scene.predictionVisible());
        scene.setPredictionVisible(true);
        QVERIFY(!scene.predictionVisible());
        scene.setImageVisible(false);
        QCOMPARE(scene.style()->imageOpacity, 0.0);
        scene.setImageVisible(true);
    }
    void everyLayerHasAnEyeAndAnOpacity() {
        ViewScene& scene = page().scene();
        auto* panel = page().findChild<LayersPanel*>();
        const auto button = [panel](const QString& name) {
            for (auto* one : panel->findChildren<QAbstractButton*>())
                if (one->accessibleName() == name) return one;
            return static_cast<QAbstractButton*>(nullptr);
        };
        const auto slider = [panel](const QString& name) {
            for (auto* one : panel->findChildren<QSlider*>())
                if (one->accessibleName() == name) return one;
            return static_cast<QSlider*>(nullptr);
        };
        QAbstractButton* eye = button("Show: Proposal");
        QVERIFY(eye && !eye->isEnabled() && eye->toolTip().contains("prompt"));  // says why
        const auto proposal = [] {
            auto preview = std::make_shared<PreviewMask>();
            preview->mask = Volume<std::uint8_t>({1, 4, 4}, 1);
            return preview;
        };
        const auto first = proposal();
        scene.setPreview(first);
        QVERIFY(eye->isEnabled() && eye->isChecked());
        eye->click();
        QVERIFY(!scene.style()->preview && scene.preview() == first);
        scene.setPreview(first);  // told again: it stays hidden
        QVERIFY(!scene.style()->preview && !eye->isChecked());
        scene.setPreview(proposal());  // another one is never committed unseen
        QVERIFY(scene.style()->preview && eye->isChecked());
        scene.setPreview(nullptr);
        QVERIFY(!eye->isEnabled());

        scene.setPrediction(page().review()->image());
        QVERIFY(button("Labels (you edit these)")->isChecked() && slider("Fill")->isVisible());
        const struct {
            const char *layer, *slider;
            std::function<double()> value;
        } rows[] = {
            {"Proposal", "Opacity of the proposal", [&] { return scene.style()->previewOpacity; }},
            {"Labels (you edit these)", "Fill", [&] { return scene.look().fill; }},
            {"Model prediction", "Opacity of the model prediction", [&] { return scene.style()->predictionOpacity; }},
            {"Image", "Opacity of the image", [&] { return scene.style()->imageOpacity; }}};
        for (const auto& row : rows) {
            button(row.layer)->click();
            for (const auto& other : rows)  // one layer's properties at a time
                QCOMPARE(slider(other.slider)->isVisible(), QString(other.layer) == row.layer);
            const double before = row.value();
            const Index cursor = scene.cursor();
            QTest::keyClick(slider(row.slider), Qt::Key_Left);  // elsewhere the slice before
            QVERIFY2(row.value() < before, row.layer);
            QVERIFY(scene.cursor() == cursor);
        }
        const double faint = scene.style()->imageOpacity;
        button("Show: Image")->click();
        QCOMPARE(scene.style()->imageOpacity, 0.0);
        button("Show: Image")->click();
        QCOMPARE(scene.style()->imageOpacity, faint);
        // A layer that goes leaves the labels chosen.
        button("Model prediction")->click();
        scene.setPrediction(nullptr);
        QVERIFY(button("Labels (you edit these)")->isChecked() && slider("Fill")->isVisible());
    }
    // The engine is asked again after labels were brought or a model was asked.
    void findingForgetsWhatWasBrought() {
        project::Project& project = *house->workspace.project();
        const project::Stage& stage = project::stageById(house->services.stages, "pseudo-label");
        project.setOptions(stage, {{"from", "/no/such/labels.tif"}, {"model", "/no/such/model"}});
        auto* objects = house->window.findChild<ObjectsPage*>();
        objects->refresh();
        QPushButton* find = nullptr;
        for (QPushButton* button : objects->findChildren<QPushButton*>())
            if (button->text().contains("whole volume")) find = button;
        QVERIFY(find);
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        find->click();
        QVERIFY(finished.wait(patience));
        QVERIFY2(finished.first().first().toBool(), qPrintable(finished.first().at(1).toString()));
        QCOMPARE(project.optionsOf(stage).string("from") + project.optionsOf(stage).string("model"), std::string());
    }
    void verdictsDoNotRecountTheObjects() {
        ReviewSession& review = *page().review();
        review.setCurrent(review.edits().objects().begin()->first);
        const labels::Object object = *review.currentObject();
        const QString before = review.reasons(object);
        review.verdict(labels::State::Unsure, false);
        QCOMPARE(review.reasons(object), before);
    }
};

QTEST_MAIN(TestReview)
#include "tst_review.moc"
