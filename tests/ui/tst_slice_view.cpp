#include <QApplication>
#include <QSignalSpy>
#include <QTest>
#include <QThreadPool>
#include <QWheelEvent>
#include <atomic>
#include <thread>

#include "ui/theme/theme.h"
#include "ui/view/slice_view.h"
#include "ui/view/view3d.h"
#include "ui/view/view_grid.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

ImagePtr image(Index shape, Vec3 spacing, std::uint8_t value = 120) {
    Volume<std::uint8_t> volume(shape, value);
    volume.geometry.spacing = spacing;
    volume.geometry.known = true;
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
}

void wheel(QWidget& widget, QPointF at, int steps, Qt::KeyboardModifiers modifiers = {}) {
    QWheelEvent event(at, widget.mapToGlobal(at), {}, {0, steps * 120}, Qt::NoButton, modifiers, Qt::NoScrollPhase,
                      false);
    QApplication::sendEvent(&widget, &event);
}

}  // namespace

class TestSliceView : public QObject {
    Q_OBJECT
    Theme theme;

  private Q_SLOTS:
    void transformRoundTrips() {
        for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ})
            for (const Vec3 spacing : {Vec3{1, 1, 1}, Vec3{0.05, 0.0046, 0.0046}, Vec3{0.3, 0.13, 0.2}})
                for (const double pixels : {0.1, 1.0, 3.7, 16.0}) {
                    SliceTransform t{plane, spacing, {4.5, 20.25, 33}, pixels / spacing.x, QSizeF(640, 480)};
                    QCOMPARE(t.toPixel(QPointF(t.toVoxel(QPointF(320, 240)))), QPointF(320, 240));
                    for (const QPointF p : {QPointF(0, 0), QPointF(17.5, 301), QPointF(640, 480)}) {
                        const QPointF back = t.toPixel(t.toVoxel(p));
                        QVERIFY(std::abs(back.x() - p.x()) < 1e-6 && std::abs(back.y() - p.y()) < 1e-6);
                    }
                    // Voxels are drawn in true proportion.
                    const PlaneAxes a = axesOf(plane);
                    const QRectF voxel = t.toPixel(0, 0, 1, 1);
                    QVERIFY(std::abs(voxel.width() / voxel.height() - spacing[a.u] / spacing[a.v]) < 1e-9);
                    const Vec3 v = t.toVoxel3(QPointF(320, 240), 7);
                    QCOMPARE(v[a.n], 7.5);
                    QVERIFY(std::abs(v[a.u] - t.centre[a.u]) < 1e-9);
                }
    }
    void clicksHitTheVoxelDrawnThere() {
        for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ})
            for (const double zoom : {1.0, 7.3, 40.0}) {
                ViewScene scene;
                scene.setImage(image({9, 30, 40}, {2, 0.5, 0.5}));
                SliceView view(theme, scene, plane);
                view.resize(300, 200);
                view.show();
                scene.setView({4.5, 15, 20}, zoom);
                scene.setCursor({3, 11, 17});
                QSignalSpy pressed(&view, &SliceView::pressed);
                const Index target{3, 11, 17};
                const QPointF pixel = view.transform().toPixel(Vec3{target.z + 0.5, target.y + 0.5, target.x + 0.5});
                const QPoint at = pixel.toPoint();
                if (!view.rect().contains(at)) continue;
                QTest::mousePress(&view, Qt::LeftButton, Qt::ControlModifier, at);
                QCOMPARE(pressed.count(), 1);
                const auto event = pressed[0][0].value<SliceEvent>();
                QVERIFY(event.inside);
                QCOMPARE(event.modifiers, Qt::ControlModifier);
                if (zoom * 0.5 >= 3) QVERIFY(event.at == target);  // a whole pixel lies inside the voxel
                QCOMPARE(event.at[axesOf(plane).n], target[axesOf(plane).n]);
                const QPointF back = view.transform().toPixel(event.voxel);
                QVERIFY(std::abs(back.x() - at.x()) < 1e-6 && std::abs(back.y() - at.y()) < 1e-6);
            }
    }
    void wheelMovesSlicesAndZoomsAtThePointer() {
        ViewScene scene;
        scene.setImage(image({9, 30, 40}, {1, 1, 1}));
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        view.show();
        scene.setView({4.5, 15, 20}, 5);
        QCOMPARE(scene.slice(Plane::XY), 4);
        wheel(view, {100, 50}, -2);
        QCOMPARE(scene.slice(Plane::XY), 6);
        wheel(view, {100, 50}, -20);
        QCOMPARE(scene.slice(Plane::XY), 8);
        const QPointF before = view.transform().toVoxel(QPointF(100, 50));
        wheel(view, {100, 50}, 1, Qt::ControlModifier);
        QVERIFY(scene.zoom() > 5);
        const QPointF after = view.transform().toVoxel(QPointF(100, 50));
        QVERIFY(std::abs(before.x() - after.x()) < 1e-9 && std::abs(before.y() - after.y()) < 1e-9);
        QSignalSpy size(&view, &SliceView::brushSizeRequested);
        wheel(view, {100, 50}, 1, Qt::ShiftModifier);
        QCOMPARE(size.count(), 1);
        // A flat image zooms by the wheel alone.
        scene.setImage(image({1, 30, 40}, {1, 1, 1}));
        const double zoom = scene.zoom();
        wheel(view, {100, 50}, 1);
        QVERIFY(scene.zoom() > zoom);
    }
    void middleDragPansAndIsNoToolEvent() {
        ViewScene scene;
        scene.setImage(image({3, 30, 40}, {1, 1, 1}));
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        view.show();
        scene.setView({1.5, 15, 20}, 5);
        QSignalSpy pressed(&view, &SliceView::pressed), released(&view, &SliceView::released);
        QTest::mousePress(&view, Qt::MiddleButton, {}, QPoint(100, 100));
        QTest::mouseMove(&view, QPoint(120, 110));
        QTest::mouseRelease(&view, Qt::MiddleButton, {}, QPoint(120, 110));
        QCOMPARE(pressed.count() + released.count(), 0);
        QVERIFY(std::abs(scene.centre().x - 16) < 1e-9);
        QVERIFY(std::abs(scene.centre().y - 13) < 1e-9);
    }
    void tilesArriveAndFollowEdits() {
        auto labels = std::make_shared<Volume<std::int32_t>>(Index{3, 30, 40});
        ViewScene scene;
        scene.setImage(image({3, 30, 40}, {1, 1, 1}), 0, Contrast{0, 240});
        scene.setLabels([labels](const Box& box) { return crop(*labels, box); });
        scene.setCrosshairVisible(false);
        LabelLook look;
        look.fill = 1;
        scene.setLook(look);
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        scene.setView({1.5, 15, 20}, 5);
        view.show();
        QTRY_VERIFY_WITH_TIMEOUT(view.ready(), 5000);
        QCOMPARE(view.grab().toImage().pixel(150, 100), qRgb(128, 128, 128));
        QTRY_VERIFY(view.ready());
        scene.workers().waitForDone();
        (*labels)(1, 15, 20) = 5;
        scene.labelsChanged({{1, 15, 20}, {2, 16, 21}});
        QTRY_COMPARE_WITH_TIMEOUT(view.grab().toImage().pixel(152, 102), objectColour(birthSlot(5)), 5000);
        scene.setSlice(Plane::XY, 0);
        QTRY_COMPARE_WITH_TIMEOUT(view.grab().toImage().pixel(152, 102), qRgb(128, 128, 128), 5000);
    }
    void slowSourceNeverBlocksTheView() {
        auto gate = std::make_shared<std::atomic<bool>>(false);
        ViewScene scene;
        scene.setImage(image({3, 30, 40}, {1, 1, 1}), 0, Contrast{0, 240});
        scene.setLabels([gate](const Box& box) {
            while (!*gate) std::this_thread::yield();
            return Volume<std::int32_t>(box.extent());
        });
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        scene.setView({1.5, 15, 20}, 5);
        view.show();
        view.grab();  // returns although the labels hang
        scene.setSlice(Plane::XY, 2);
        view.grab();
        QVERIFY(!view.ready());
        *gate = true;
        QTRY_VERIFY_WITH_TIMEOUT(view.ready(), 5000);
    }
    void releaseWaitsForReaders() {
        auto alive = std::make_shared<int>(1);
        std::weak_ptr<int> watch = alive;
        ViewScene scene;
        scene.setImage(image({3, 30, 40}, {1, 1, 1}));
        scene.setLabels([alive](const Box& box) { return Volume<std::int32_t>(box.extent(), *alive); });
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        view.show();
        view.grab();
        alive.reset();
        scene.release();
        QVERIFY(watch.expired());
        QVERIFY(scene.empty());
        view.grab();
    }
    void brokenSourceSaysWhy() {
        class Broken : public ImageSource {
          public:
            Broken() { info_.levels = {{{2, 8, 8}, {1, 1, 1}}}; }
            const ImageInfo& info() const override { return info_; }
            using ImageSource::read;
            void read(int, int, const Box&, AnyVolume&) const override {
                throw Error(ErrorKind::Format, "slice 1 is damaged");
            }
            ImageInfo info_;
        };
        ViewScene scene;
        scene.setImage(std::make_shared<Broken>());
        SliceView view(theme, scene, Plane::XY);
        view.resize(300, 200);
        scene.setView({1, 4, 4}, 20);
        view.show();
        QTRY_VERIFY_WITH_TIMEOUT(view.ready(), 5000);
        view.grab();
    }
    void sceneClampsAndFits() {
        ViewScene scene;
        scene.setImage(image({20, 100, 100}, {0.05, 0.005, 0.005}));
        scene.setCursor({-5, 500, 50});
        QVERIFY(scene.cursor() == (Index{0, 99, 50}));
        scene.showBox({{4, 40, 40}, {8, 50, 60}}, {}, 400);
        QVERIFY(scene.cursor() == (Index{6, 45, 50}));
        QVERIFY(std::abs(scene.zoom() * 0.005 - 8) < 1e-9);  // 40 % of 400 px would be 8 px per voxel as well
        scene.showBox({{4, 0, 0}, {8, 100, 100}}, Index{5, 1, 1}, 400);
        QVERIFY(scene.cursor() == (Index{5, 1, 1}));
        QVERIFY(std::abs(scene.zoom() * 0.5 - 160) < 1e-6);
        const Contrast flat = scene.autoContrast();
        QVERIFY(flat.high > flat.low);
        double sum = 0;
        for (const double c : scene.greyCounts().counts) sum += c;
        QCOMPARE(sum, 10000.0);
    }
    void onePixelVolume() {
        ViewScene scene;
        scene.setImage(image({1, 1, 1}, {1, 1, 1}));
        ViewGrid grid(theme, scene);
        grid.resize(400, 300);
        grid.show();
        QTRY_VERIFY_WITH_TIMEOUT(grid.ready(), 5000);
        QCOMPARE(grid.layout(), ViewLayout::Slice);
    }
    void gridLayouts() {
        ViewScene scene;
        ViewGrid grid(theme, scene);
        grid.resize(900, 700);
        grid.show();
        scene.setImage(image({50, 60, 60}, {1, 1, 1}));
        QCOMPARE(grid.layout(), ViewLayout::Grid);
        for (const Plane plane : {Plane::XY, Plane::XZ, Plane::YZ}) QVERIFY(grid.view(plane).isVisible());
        // XY and XZ share their left edge, XY and YZ their top.
        QCOMPARE(grid.view(Plane::XY).mapTo(&grid, QPoint()).x(), grid.view(Plane::XZ).mapTo(&grid, QPoint()).x());
        QCOMPARE(grid.view(Plane::XY).mapTo(&grid, QPoint()).y(), grid.view(Plane::YZ).mapTo(&grid, QPoint()).y());
        scene.setImage(image({20, 60, 60}, {1, 1, 1}));
        QCOMPARE(grid.layout(), ViewLayout::Thin);
        QVERIFY(grid.view(Plane::XY).width() > 2 * grid.view(Plane::YZ).width());
        grid.toggleMaximised(&grid.view(Plane::XZ));
        QVERIFY(grid.view(Plane::XZ).isVisible());
        QVERIFY(!grid.view(Plane::XY).isVisible());
        QVERIFY(grid.view(Plane::XZ).width() >= grid.width() - 1);  // all but a splitter handle
        grid.toggleMaximised(nullptr);
        QVERIFY(grid.view(Plane::XY).isVisible());
        grid.setLayout(ViewLayout::SliceAnd3D);
        QVERIFY(grid.view3d().isVisible() && !grid.view(Plane::XZ).isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(grid.ready(), 5000);
    }
    void view3dKeepsCountWithoutOpenGl() {
        View3D view(theme);
        view.setVolume({10, 100, 100}, {0.05, 0.005, 0.005});
        view.resize(300, 300);
        view.show();
        SurfaceMesh mesh{{0, 0, 0, 0.3f, 0, 0, 0, 0.3f, 0, 0, 0, 0.3f}, {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3}};
        view.setSurface(3, mesh, qRgb(255, 0, 0));
        view.setSurface(70000, mesh, qRgb(0, 255, 0));
        view.setSurface(70000, mesh, qRgb(0, 0, 255));
        QCOMPARE(view.surfaceCount(), 2);
        view.setSurface(5, {}, qRgb(0, 0, 255));
        QCOMPARE(view.surfaceCount(), 2);
        view.removeSurface(3);
        view.setSelected({70000});
        view.setSlice(Plane::XY, 4, QImage(20, 20, QImage::Format_RGB32));
        QCOMPARE(view.surfaceCount(), 1);
        if (!openGlWorks()) QSKIP("no OpenGL here: pictures are not compared");
        QTRY_VERIFY(view.grab().toImage().pixel(2, 150) == theme.colour(Token::Canvas).rgb());
    }
    void thinStackIsStretched() {
        View3D view(theme);
        view.setVolume({20, 1024, 1024}, {0.05, 0.0046, 0.0046});
        QVERIFY(view.depthStretch() > 1.4 && view.depthStretch() < 1.7);
        view.setVolume({100, 100, 100}, {1, 1, 1});
        QCOMPARE(view.depthStretch(), 1.0);
    }
};

QTEST_MAIN(TestSliceView)
#include "tst_slice_view.moc"
