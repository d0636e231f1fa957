// An image whose file does not say how large a voxel is: the window says so, asks in place, and everything that is
// drawn or measured follows.
#include <QDoubleSpinBox>
#include <QPushButton>

#include "ui/panel/voxel_size_form.h"
#include "ui/view/hud.h"
#include "ui/view/slice_view.h"
#include "ui/widget/controls.h"
#include "ui/widget/flow_bar.h"
#include "window_house.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

const Index shape{8, 64, 64};

template <class T>
T* named(QWidget& parent, const QString& accessible) {
    for (T* one : parent.findChildren<T*>())
        if (one->accessibleName() == accessible) return one;
    return nullptr;
}

QPushButton* button(QWidget& parent, const QString& text) {
    for (auto* one : parent.findChildren<QPushButton*>())
        if (one->text() == text) return one;
    return nullptr;
}

void type(QWidget& field, const QString& text) {
    field.setFocus();
    QTest::keyClick(&field, Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(&field, text);
}

}  // namespace

class TestVoxelSize : public QObject {
    Q_OBJECT
    std::unique_ptr<WindowHouse> house;
    ReviewPage& page() { return house->window.reviewPage(); }
    FlowBar& flow() { return *house->window.findChild<FlowBar*>(); }
    HudButton& chip() { return *named<HudButton>(page().views().view(Plane::XY), "Voxel size unknown. Set it"); }
    VoxelSizeForm& form() { return *page().findChild<VoxelSizeForm*>(); }

  private Q_SLOTS:
    void init() {
        keepSettingsApart();
        house = std::make_unique<WindowHouse>();
        house->window.resize(1280, 800);
        house->window.show();
        QApplication::setActiveWindow(&house->window);
        SyntheticSample sample = makeSample("nuclei", shape, 3);
        sample.image.geometry = {};
        const QString problem = house->open("image.zarr", sample);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        house->window.showPage(MainWindow::Review);
        QTest::qWait(20);
    }
    void cleanup() { house.reset(); }

    void isAskedAndEverythingFollows() {
        QVERIFY(chip().isVisible());
        QCOMPARE(flow().nextButton()->text(), QString("Set voxel size"));
        QVERIFY(!form().isVisible());
        chip().click();
        QVERIFY(form().isVisible());
        auto* set = button(form(), "Set voxel size");
        QVERIFY(set && !set->isEnabled() && !set->toolTip().isEmpty());
        auto* z = named<QDoubleSpinBox>(form(), "Size of a voxel along z");
        auto* y = named<QDoubleSpinBox>(form(), "Size of a voxel along y");
        auto* x = named<QDoubleSpinBox>(form(), "Size of a voxel along x");
        QVERIFY(z && y && x);
        QVERIFY(form().isAncestorOf(QApplication::focusWidget()));
        // Digits, points and Return are keys of tools and of the page, but not in here.
        type(*z, "50.25");
        type(*y, "4.6");
        QCOMPARE(x->value(), 4.6);  // follows y …
        type(*x, "5");
        type(*y, "4.7");
        QCOMPARE(x->value(), 5.0);  // … until it is given
        QVERIFY(set->isEnabled());
        QSignalSpy changed(&house->workspace, &Workspace::voxelSizeChanged);
        QTest::keyClick(x, Qt::Key_Return);
        QCOMPARE(changed.count(), 1);
        QVERIFY(!form().isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(page().scene().spacingKnown(), patience);
        const Vec3 um = page().scene().spacing();
        QVERIFY(std::abs(um.z - 0.05025) < 1e-12 && std::abs(um.y - 0.0047) < 1e-12 && std::abs(um.x - 0.005) < 1e-12);
        QVERIFY(!chip().isVisible());
        // What was found with another size can be found again, with one button.
        QCOMPARE(house->workspace.statusOf("pseudo-label"), project::Status::Stale);
        QCOMPARE(flow().nextButton()->text(), QString("Find objects again"));
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        flow().nextButton()->click();
        QVERIFY(finished.wait(patience));
        QVERIFY2(finished.first().first().toBool(), qPrintable(finished.first().at(1).toString()));
        QCOMPARE(house->workspace.statusOf("pseudo-label"), project::Status::UpToDate);
        QVERIFY(flow().nextButton()->text() != "Find objects again");
        // It is the case's: another start of the program knows it.
        const QString folder = QString::fromStdString(house->workspace.project()->folder().string());
        house->workspace.openProject(folder);
        QTRY_VERIFY_WITH_TIMEOUT(page().review() && page().scene().spacingKnown(), patience);
        QVERIFY(page().scene().spacing() == um);
    }

    void nothingIsCutOffInASmallWindow() {
        house->window.resize(house->window.minimumSize());
        QTest::qWait(50);
        chip().click();
        QVERIFY(form().isVisible());
        QTRY_VERIFY(form().parentWidget()->rect().contains(form().geometry()));
        QList<QRect> places;
        for (const QWidget* one : form().findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
            if (!one->isVisible()) continue;
            QVERIFY(form().rect().contains(one->geometry()));
            for (const QRect& other : places) QVERIFY(!other.intersects(one->geometry()));
            places << one->geometry();
        }
        const auto* unit = named<SegmentedControl>(form(), "Unit");
        QVERIFY(unit && unit->width() >= unit->sizeHint().width());
    }

    void oneCanGoOnWithout() {
        flow().nextButton()->click();
        QVERIFY(form().isVisible());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
        QVERIFY(!form().isVisible());
        QCOMPARE(flow().nextButton()->text(), QString("Set voxel size"));
        flow().nextButton()->click();
        button(form(), "Go on in voxels")->click();
        QVERIFY(!form().isVisible() && chip().isVisible());
        QVERIFY(flow().nextButton()->text() != "Set voxel size");
        QCOMPARE(house->workspace.statusOf("pseudo-label"), project::Status::UpToDate);
    }

    // One section: a pixel has no depth of its own.
    void aSectionIsAskedForItsPixels() {
        QSignalSpy given(&form(), &VoxelSizeForm::given);
        form().ask({1, 64, 64}, std::nullopt);
        QVERIFY(!named<QDoubleSpinBox>(form(), "Size of a voxel along z")->isVisible());
        named<QDoubleSpinBox>(form(), "Size of a voxel along y")->setValue(250);
        named<QDoubleSpinBox>(form(), "Size of a voxel along x")->setValue(500);
        button(form(), "Set voxel size")->click();
        QCOMPARE(given.count(), 1);
        QVERIFY((given[0][0].value<Vec3>() == Vec3{0.25, 0.25, 0.5}));
    }

    void aRunningJobKeepsItsSize() {
        QVERIFY(house->window.actions().trigger("image.voxel_size"));
        for (const char* axis : {"z", "y"})
            named<QDoubleSpinBox>(form(), QString("Size of a voxel along %1").arg(axis))->setValue(3);
        auto* set = button(form(), "Set voxel size");
        QVERIFY(set->isEnabled());
        QSignalSpy finished(&house->workspace, &Workspace::chainFinished);
        QVERIFY(house->workspace.runStages({"import"}, Text("Import")));
        QVERIFY(!set->isEnabled() && set->toolTip().contains("job"));
        QVERIFY(!house->workspace.setVoxelSize("image", {1, 1, 1}));
        QVERIFY(finished.wait(patience));
        QVERIFY(set->isEnabled());
    }
};

QTEST_MAIN(TestVoxelSize)
#include "tst_voxel_size.moc"
