// The 3D view, drawn for real: needs a display with OpenGL (the test is registered under a virtual one).
#include <QSignalSpy>
#include <QTest>
#include <memory>

#include "demo_mesh.h"
#include "gap_meter.h"
#include "ui/theme/theme.h"
#include "ui/view/view3d.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

constexpr int patience = 30000;  // ms; only a bound for a test that hangs
const Index shape{20, 64, 64};
const Vec3 spacing{0.1, 0.1, 0.1};

SurfaceMesh cube(Index from, Index to) {
    Volume<std::int32_t> labels(shape);
    for (std::int64_t z = from.z; z < to.z; ++z)
        for (std::int64_t y = from.y; y < to.y; ++y)
            for (std::int64_t x = from.x; x < to.x; ++x) labels(z, y, x) = 1;
    return demoMesh(labels, 1, spacing);
}

QColor middle(View3D& view) {
    const QImage picture = view.grab().toImage();
    return picture.pixelColor(picture.width() / 2, picture.height() / 2);
}

bool reddish(const QColor& colour) { return colour.red() > 60 && colour.red() > 2 * colour.blue(); }

}  // namespace

class TestScene : public QObject {
    Q_OBJECT
    Theme theme;
    std::unique_ptr<View3D> view;

  private Q_SLOTS:
    void initTestCase() {
        if (!openGlWorks()) QSKIP("no OpenGL on this display: nothing is drawn");
    }
    void init() {
        view = std::make_unique<View3D>(theme);
        view->resize(320, 240);
        view->show();
        view->setVolume(shape, spacing);
    }
    void cleanup() { view.reset(); }

    void showsWhatItIsGiven() {
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(!reddish(middle(*view)));
        view->setSurface(1, cube({4, 16, 16}, {16, 48, 48}), qRgb(220, 30, 30));
        QCOMPARE(view->surfaceCount(), 1);
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(reddish(middle(*view)));
        view->removeSurface(1);
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(!reddish(middle(*view)));
        view->setSurface(2, {}, 0);  // nothing to draw is no surface
        QCOMPARE(view->surfaceCount(), 0);
    }
    void goesToTheObject() {
        const Box corner{{0, 0, 0}, {6, 12, 12}};
        view->setSurface(1, cube(corner.begin, corner.end), qRgb(220, 30, 30));
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(!reddish(middle(*view)));
        view->focusOn(corner, true);
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(reddish(middle(*view)));
        view->focusOn({}, true);  // no box, no movement
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(reddish(middle(*view)));
    }
    void aClickPicksWhatIsThere() {
        view->setSurface(7, cube({4, 16, 16}, {16, 48, 48}), qRgb(220, 30, 30));
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QSignalSpy picked(view.get(), &View3D::picked);
        QWidget* canvas = view->childAt(160, 120);
        QTest::mouseClick(canvas, Qt::LeftButton, {}, {160, 120});
        QTRY_COMPARE_WITH_TIMEOUT(picked.count(), 1, patience);
        QCOMPARE(picked[0][0].toInt(), 7);
    }
    void turningEndsWithAFullPicture() {
        view->setSurface(1, cube({4, 16, 16}, {16, 48, 48}), qRgb(220, 30, 30));
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        const QImage before = view->grab().toImage();
        QWidget* canvas = view->childAt(160, 120);
        QTest::mousePress(canvas, Qt::LeftButton, {}, {160, 120});
        for (int i = 1; i <= 30; ++i) QTest::mouseMove(canvas, {160 + 2 * i, 120 + i});
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, {220, 150});
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(view->grab().toImage() != before);
    }
    void hiddenItDrawsNothing() {
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        view->hide();
        QTest::qWait(50);
        const int drawn = view->cost().pictures;
        view->setSurface(1, cube({4, 16, 16}, {16, 48, 48}), qRgb(220, 30, 30));
        QTest::qWait(200);
        QCOMPARE(view->cost().pictures, drawn);
        view->show();
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        QVERIFY(reddish(middle(*view)));
    }
    // Many edits share few pictures, and none of them is drawn in the event loop. The times are told, not judged.
    void editsShareAPicture() {
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        const DrawingCost before = view->cost();
        GapMeter gaps;
        for (int i = 0; i < 200; ++i) {
            view->setSurface(1 + i % 20, cube({4, 16, 16}, {16, 48, 20 + i % 20}), qRgb(220, 30, 30));
            if (i % 10 == 0) QTest::qWait(5);
        }
        QTRY_VERIFY_WITH_TIMEOUT(view->ready(), patience);
        const DrawingCost after = view->cost();
        QVERIFY(after.pictures - before.pictures < 200);
        qInfo("200 edits: %d pictures in %.0f ms beside the event loop, whose longest gap was %lld ms",
              after.pictures - before.pictures, after.milliseconds - before.milliseconds,
              static_cast<long long>(gaps.longest()));
    }
    void mayGoWhileItDraws() {
        for (int i = 0; i < 20; ++i) view->setSurface(i + 1, cube({4, 16, 16}, {16, 48, 48}), qRgb(220, 30, 30));
        view.reset();
    }
};

QTEST_MAIN(TestScene)
#include "tst_scene.moc"
