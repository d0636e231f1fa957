// Prompting in the window, with an engine that takes its time: what a person sees while waiting, boxes, several
// answers.
#include <QAbstractButton>
#include <QLabel>
#include <QToolButton>

#include "fake_engine.h"
#include "ui/panel/engine_line.h"
#include "ui/panel/prompt_bar.h"
#include "ui/panel/prompt_list.h"
#include "ui/view/slice_overlay.h"
#include "ui/view/slice_view.h"
#include "ui/widget/tool_strip.h"
#include "window_house.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

const Index shape{12, 96, 96};

template <class T>
T* named(QWidget& parent, const QString& text) {
    for (T* one : parent.findChildren<T*>())
        if (one->text() == text) return one;
    return nullptr;
}

}  // namespace

class TestPromptPage : public QObject {
    Q_OBJECT
    std::shared_ptr<test::FakeEngine> sam = std::make_shared<test::FakeEngine>("SAM ViT-B", 12);
    std::shared_ptr<test::FakeEngine> simple = std::make_shared<test::FakeEngine>("simple", 8);
    bool modelIsHere = true;
    std::unique_ptr<WindowHouse> house;
    ReviewPage& page() { return house->window.reviewPage(); }
    PromptSession& prompts() { return *page().prompts(); }
    PromptBar& bar() { return *page().findChild<PromptBar*>(); }
    QString engineLine() { return page().findChild<EngineLine*>()->text(); }
    bool reaches(PromptState state) {
        return QTest::qWaitFor([&] { return prompts().state() == state; }, patience);
    }
    bool act(const char* id) { return house->window.actions().trigger(id); }
    void click(Index at) {
        page().tools()->press(eventAt(at));
        page().tools()->release(eventAt(at));
    }

  private Q_SLOTS:
    void initTestCase() {
        keepSettingsApart();
        house = std::make_unique<WindowHouse>([this] {
            using Engines = std::vector<std::shared_ptr<const segment::PromptEngine>>;
            return modelIsHere ? Engines{sam, simple} : Engines{simple};
        });
        house->window.resize(1600, 1000);
        house->window.show();
        const QString problem = house->open("image.zarr", makeSample("nuclei", shape, 3));
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        house->window.showPage(MainWindow::Review);
        QTest::qWait(20);
    }
    void cleanupTestCase() {
        sam->open = simple->open = sam->aheadOpen = true;
        house.reset();
    }
    void init() {
        modelIsHere = true;
        sam->open = simple->open = sam->isReady = true;
        sam->alternatives = 1;
        sam->parts = 0;
        QVERIFY(act("object.new"));
        QVERIFY(act("tool.point"));
    }
    void cleanup() {
        if (page().prompts()) prompts().drop();
    }

    void waitingIsSeen() {
        sam->isReady = false;
        sam->open = false;
        ViewScene& scene = page().scene();
        scene.setCursor({6, 48, 48});
        click({6, 40, 40});
        QVERIFY(scene.prompts().back().waiting);
        QCOMPARE(engineLine(), QString("SAM ViT-B · reading this slice…"));
        QVERIFY(QTest::qWaitFor([&] { return scene.pulse() > 0; }, patience));
        const auto said = [&](Plane plane) { return SliceOverlay{house->theme, scene, {plane}}.readingParts(); };
        QVERIFY(said(Plane::XZ).isEmpty());   // another place is in view there
        QCOMPARE(said(Plane::XY).size(), 1);  // how long that takes is not known yet
        QVERIFY(said(Plane::XY)[0].text.startsWith("Reading this slice… "));
        QVERIFY(reaches(PromptState::Interim));
        QVERIFY(scene.preview() && scene.preview()->interim && scene.prompts().back().waiting);
        auto* commit = named<QAbstractButton>(bar(), "Commit");
        QVERIFY(commit && commit->isEnabled());
        sam->open = true;
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(!scene.prompts().back().waiting && !scene.preview()->interim);
        QCOMPARE(scene.pulse(), 0.0);
        QVERIFY(!scene.reading() && said(Plane::XY).isEmpty());
        QVERIFY2(engineLine().startsWith("SAM ViT-B · ready · ") && engineLine().endsWith(" ms"),
                 qPrintable(engineLine()));
        commit->click();
        QCOMPARE(prompts().state(), PromptState::Idle);
        QVERIFY(!page().findChild<EngineLine*>()->isVisible());
    }
    void withoutAModelItSaysWhereToGetOne() {
        modelIsHere = false;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Preview));
        QCOMPARE(engineLine(), QString("simple engine · get SAM in Models"));
        for (auto* chip : page().findChild<EngineLine*>()->findChildren<QAbstractButton*>()) chip->click();
        QCOMPARE(house->window.page(), MainWindow::Models);
        prompts().drop();
        modelIsHere = true;  // it was added there
        house->window.showPage(MainWindow::Review);
        QVERIFY(!prompts().simple());
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(engineLine().startsWith("SAM ViT-B"));
    }
    void aBoxIsDrawn() {
        QVERIFY(act("view.layout_slice"));  // wide enough for all of the bar
        auto* strip = page().findChild<ToolStrip*>();
        strip->button("box")->click();
        QCOMPARE(page().tools()->current().id(), QString("box"));
        SliceEvent to = eventAt({6, 50, 60});
        page().tools()->press(eventAt({6, 30, 40}));
        page().tools()->move(to);
        const Box drawn{{6, 30, 40}, {7, 51, 61}};
        QVERIFY(page().scene().promptBox() == drawn);
        QCOMPARE(prompts().state(), PromptState::Idle);
        page().tools()->release(to);
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(prompts().box() == drawn && page().scene().promptBox() == drawn);
        QVERIFY(bar().isVisible() && named<QLabel>(bar(), "1 prompt"));
        auto* list = page().findChild<PromptList*>();
        const auto crosses = list->findChildren<QToolButton*>();
        QCOMPARE(crosses.size(), 1);
        click({6, 40, 50});
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(named<QLabel>(bar(), "2 prompts"));
        QCOMPARE(list->findChildren<QToolButton*>().size(), 2);
        list->findChildren<QToolButton*>().front()->click();  // the box stands first
        QVERIFY(prompts().box().empty() && page().scene().promptBox().empty());
        QVERIFY(reaches(PromptState::Preview));
        // Beyond the border it is cut, back through the bar to points.
        page().tools()->press(eventAt({6, 90, 90}));
        page().tools()->release(eventAt({6, 120, 130}));
        QVERIFY((prompts().box() == Box{{6, 90, 90}, {7, 96, 96}}));
        auto* point = named<QAbstractButton>(bar(), "Point");
        QVERIFY(point && point->isVisible());
        point->click();
        QCOMPARE(page().tools()->current().id(), QString("point"));
        QVERIFY(act("view.layout_grid"));
    }
    void aLassoIsItsPoints() {
        QVERIFY(act("view.layout_slice"));
        QVERIFY(act("tool.lasso"));
        const auto around = [&](Qt::MouseButton button) {
            for (const Index& at : {Index{6, 30, 40}, Index{6, 30, 60}, Index{6, 50, 60}, Index{6, 50, 40}}) {
                SliceEvent event = eventAt(at);
                event.button = button, event.buttons = button;
                if (at == Index{6, 30, 40}) page().tools()->press(event);
                page().tools()->move(event);
            }
            QCOMPARE(page().scene().lasso(Plane::XY, 6).size(), 4);
            QVERIFY(page().scene().lasso(Plane::XY, 5).isEmpty() && page().scene().lasso(Plane::XZ, 6).isEmpty());
            SliceEvent end = eventAt({6, 50, 40});
            end.button = button;
            page().tools()->release(end);
            QVERIFY(page().scene().lasso(Plane::XY, 6).isEmpty());
        };
        around(Qt::LeftButton);
        QVERIFY(reaches(PromptState::Preview));
        QCOMPARE(prompts().points().size(), std::size_t(1));  // one circle fills a square
        QVERIFY(prompts().points()[0].positive);
        const Index middle = prompts().points()[0].at;
        QVERIFY(middle.z == 6 && std::abs(middle.y - 40) <= 1 && std::abs(middle.x - 50) <= 1);
        QVERIFY(prompts().box().contains(middle));  // of a new object
        const Box before = prompts().box();
        page().tools()->press(eventAt({6, 30, 40}));
        page().tools()->move(eventAt({6, 60, 60}));
        QVERIFY(!page().scene().lasso(Plane::XY, 6).isEmpty());
        QVERIFY(act("draw.cancel"));  // the line, not the prompts
        QVERIFY(page().scene().lasso(Plane::XY, 6).isEmpty());
        page().tools()->release(eventAt({6, 60, 60}));
        QCOMPARE(prompts().points().size(), std::size_t(1));
        around(Qt::RightButton);
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(!prompts().points().back().positive && prompts().box() == before);
        QVERIFY(act("view.layout_grid"));
    }
    void answersToChooseFrom() {
        sam->alternatives = 3;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Preview));
        auto* answer = named<QAbstractButton>(bar(), "1 of 3");
        QVERIFY(answer && answer->isVisible());
        answer->click();
        QVERIFY(reaches(PromptState::Preview));
        QCOMPARE(answer->text(), QString("2 of 3"));
        QVERIFY(act("prompt.alternative"));
        QVERIFY(reaches(PromptState::Preview));
        QCOMPARE(answer->text(), QString("3 of 3"));
        QVERIFY(act("draw.cancel"));
        sam->alternatives = 1;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(!answer->isVisible());
    }
    void escapeKeepsTheSlicesThatAreDone() {
        sam->open = false;
        sam->parts = 2;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Growing));
        QCOMPARE(engineLine(), QString("SAM ViT-B · following the object…"));
        QVERIFY(act("draw.cancel"));
        QCOMPARE(prompts().state(), PromptState::Preview);
        QVERIFY(page().scene().preview());
        QVERIFY(act("draw.cancel"));
        QVERIFY(!page().scene().preview());
    }
    void theBarFitsSmallViews() {
        sam->alternatives = 3;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Preview));
        QVERIFY(act("view.layout_grid"));
        const QSize size = house->window.size();
        house->window.resize(house->window.minimumSize());
        QTRY_VERIFY(page().views().rect().contains(bar().geometry()));
        house->window.resize(size);
        QTRY_VERIFY(page().views().rect().contains(bar().geometry()));
    }
    void readingAheadEndsWithThePage() {
        sam->aheadOpen = false;
        const std::size_t before = sam->begun().size();
        page().scene().setSlice(Plane::XY, 2);
        QVERIFY(QTest::qWaitFor([&] { return sam->begun().size() == before + 1; }, patience));
        QCOMPARE(sam->begun().back().z, std::int64_t(2));
        const int cancelled = sam->cancelledAhead;
        house->window.showPage(MainWindow::Export);
        QVERIFY(QTest::qWaitFor([&] { return sam->cancelledAhead == cancelled + 1; }, patience));
        sam->aheadOpen = true;
        house->window.showPage(MainWindow::Review);
        QVERIFY(QTest::qWaitFor([&] { return sam->begun().size() > before + 1; }, patience));
    }
    void closingWhileItWaits() {
        sam->open = false;
        sam->isReady = false;
        click({6, 40, 40});
        QVERIFY(reaches(PromptState::Interim));
        house->workspace.closeProject();
        QVERIFY(!page().review() && !page().prompts());
        QVERIFY(QTest::qWaitFor([&] { return house->jobs.idle(); }, patience));
        QVERIFY(act("prompt.alternative") && act("draw.cancel"));  // nothing is open
        QVERIFY(house->workspace.project() == nullptr);
    }
};

QTEST_MAIN(TestPromptPage)
#include "tst_prompt_page.moc"
