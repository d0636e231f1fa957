#include <QSignalSpy>
#include <QTest>

#include "ui/tool/tool_box.h"

using namespace fovea;
using namespace fovea::ui;

namespace {

// Writes down what tools ask for.
class Recorder : public EditTarget {
  public:
    QStringList calls;
    std::int32_t current = 7;
    bool frozen = false;

    std::int32_t objectAt(Index) const override { return 0; }
    std::int32_t currentObject() const override { return current; }
    bool isFrozen(std::int32_t) const override { return frozen; }
    void pick(Index v) override { calls << QString("pick %1").arg(v.x); }
    void select(Index v, bool add) override { calls << QString("select %1 %2").arg(v.x).arg(add); }
    void hover(Index, bool) override {}
    void beginStroke(bool erase) override { calls << (erase ? "begin erase" : "begin paint"); }
    void segment(Plane, const Vec3& from, const Vec3& to, const BrushShape&, bool erase) override {
        calls << QString("%1 %2-%3").arg(erase ? "erase" : "paint").arg(from.x).arg(to.x);
    }
    void endStroke() override { calls << "end"; }
    void fill(Plane, Index v, bool volume) override { calls << QString("fill %1 %2").arg(v.x).arg(volume); }
    void addPrompt(const segment::PointPrompt& p, bool run) override {
        calls << QString("prompt %1%2 %3").arg(p.positive ? "+" : "-").arg(p.at.x).arg(run);
    }
    void addBox(const Box& b, bool run) override {
        calls << QString("box %1-%2 in %3 %4").arg(b.begin.x).arg(b.end.x).arg(b.begin.z).arg(run);
    }
    void outlineBox(const Box& b) override {
        calls << (b.empty() ? "no outline" : QString("outline to %1").arg(b.end.x));
    }
    void addLasso(Plane, std::int64_t n, const QPolygonF& path, bool positive, bool run) override {
        calls << QString("lasso %1%2 corners in %3 %4").arg(positive ? "+" : "-").arg(path.size()).arg(n).arg(run);
    }
    void outlineLasso(Plane, std::int64_t, const QPolygonF& path) override {
        calls << QString("line of %1").arg(path.size());
    }
    void runPrompts() override { calls << "run"; }
    void removeLastPrompt() override { calls << "remove last"; }
    void commitPrompts() override { calls << "commit"; }
    void dropPrompts() override { calls << "drop"; }
    void say(const QString& text) override { calls << "say: " + text; }
    QStringList take() {
        QStringList taken;
        taken.swap(calls);
        return taken;
    }
};

SliceEvent at(double x, Qt::MouseButton button = Qt::NoButton, Qt::MouseButtons buttons = Qt::NoButton,
              Qt::KeyboardModifiers modifiers = {}, bool inside = true) {
    SliceEvent e;
    e.voxel = {0.5, 0.5, x};
    e.at = {0, 0, std::int64_t(x)};
    e.inside = inside;
    e.button = button, e.buttons = buttons, e.modifiers = modifiers;
    return e;
}

}  // namespace

class TestTools : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void lookingNeverEdits() {
        Recorder target;
        ToolBox box(target);
        QCOMPARE(box.current().id(), QString("select"));
        box.press(at(4, Qt::LeftButton));
        box.press(at(5, Qt::LeftButton, {}, Qt::ControlModifier));
        box.press(at(6, Qt::RightButton));
        box.press(at(-3, Qt::LeftButton, {}, {}, false));
        QCOMPARE(target.take(), (QStringList{"select 4 0", "select 5 1"}));
        box.choose("pan");
        box.press(at(4, Qt::LeftButton));
        QVERIFY(target.take().isEmpty());
    }
    void brushStrokeIsOneStepWithoutGaps() {
        Recorder target;
        ToolBox box(target);
        box.choose("brush");
        box.move(at(1));
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.move(at(5, {}, Qt::LeftButton));
        box.move(at(5, {}, Qt::LeftButton));
        box.press(at(5, Qt::RightButton, Qt::LeftButton | Qt::RightButton));  // a second button changes nothing
        box.release(at(5, Qt::RightButton, Qt::LeftButton));
        box.move(at(9, {}, Qt::LeftButton));
        box.release(at(9, Qt::LeftButton));
        QCOMPARE(target.take(), (QStringList{"begin paint", "paint 2-2", "paint 2-5", "paint 5-9", "end"}));
        box.press(at(3, Qt::RightButton, Qt::RightButton));
        box.release(at(3, Qt::RightButton));
        QCOMPARE(target.take(), (QStringList{"begin erase", "erase 3-3", "end"}));
    }
    void strokeStaysInItsViewAndAlwaysEnds() {
        Recorder target;
        ToolBox box(target);
        box.choose("brush");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        SliceEvent other = at(8, {}, Qt::LeftButton);
        other.plane = Plane::XZ;
        box.move(other);
        box.choose("select");  // a switch in the middle ends it
        QCOMPARE(target.take(), (QStringList{"begin paint", "paint 2-2", "end"}));
        box.choose("brush");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.move(at(6));  // the release was lost
        QCOMPARE(target.take(), (QStringList{"begin paint", "paint 2-2", "end"}));
    }
    void eraserErasesWithLeftOnly() {
        Recorder target;
        target.current = 0;  // erasing needs no object
        ToolBox box(target);
        box.choose("erase");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.release(at(2, Qt::LeftButton));
        box.press(at(2, Qt::RightButton, Qt::RightButton));
        QCOMPARE(target.take(), (QStringList{"begin erase", "erase 2-2", "end"}));
        box.choose("brush");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        QCOMPARE(target.calls.size(), 1);
        QVERIFY(target.take()[0].startsWith("say: No object"));
    }
    void promptsSigns() {
        Recorder target;
        ToolBox box(target);
        box.choose("point");
        box.press(at(1, Qt::LeftButton));
        box.press(at(2, Qt::RightButton));
        box.press(at(3, Qt::LeftButton, {}, Qt::AltModifier));
        box.promptTool().flip();
        box.press(at(4, Qt::LeftButton));
        box.press(at(5, Qt::RightButton));
        box.press(at(6, Qt::LeftButton, {}, {}, false));
        QCOMPARE(target.take(),
                 (QStringList{"prompt +1 1", "prompt -2 1", "prompt -3 1", "prompt -4 1", "prompt +5 1"}));
    }
    void controlCollectsAndReleaseRuns() {
        Recorder target;
        ToolBox box(target);
        box.choose("point");
        box.press(at(1, Qt::LeftButton, {}, Qt::ControlModifier));
        box.press(at(2, Qt::RightButton, {}, Qt::ControlModifier));
        QVERIFY(box.promptTool().collecting());
        box.promptTool().controlReleased();
        box.promptTool().controlReleased();
        QCOMPARE(target.take(), (QStringList{"prompt +1 0", "prompt -2 0", "run"}));
        box.press(at(1, Qt::LeftButton, {}, Qt::ControlModifier));
        box.move(at(1));  // Ctrl came up unseen
        QCOMPARE(target.take(), (QStringList{"prompt +1 0", "run"}));
        box.press(at(1, Qt::LeftButton, {}, Qt::ControlModifier));
        box.choose("select");  // a click is never lost
        QCOMPARE(target.take(), (QStringList{"prompt +1 0", "run"}));
    }
    void boxesAreDrawnAndClicksArePoints() {
        Recorder target;
        ToolBox box(target);
        box.choose("box");
        const auto corner = [](double x, Qt::MouseButton button, Qt::MouseButtons buttons) {
            SliceEvent e = at(x, button, buttons);
            e.at = {2, std::int64_t(x), std::int64_t(x)};
            return e;
        };
        box.press(corner(9, Qt::LeftButton, Qt::LeftButton));
        box.move(corner(8, {}, Qt::LeftButton));
        box.press(corner(8, Qt::RightButton, Qt::LeftButton | Qt::RightButton));  // changes nothing
        box.move(corner(3, {}, Qt::LeftButton));
        box.release(corner(3, Qt::LeftButton, {}));  // to the upper left
        QCOMPARE(target.take(), (QStringList{"no outline", "outline to 10", "no outline", "box 3-10 in 2 1"}));
        box.press(corner(5, Qt::LeftButton, Qt::LeftButton));  // a click, not quite still
        box.release(corner(6, Qt::LeftButton, {}));
        box.press(at(7, Qt::RightButton));
        QCOMPARE(target.take(), (QStringList{"no outline", "prompt +5 1", "prompt -7 1"}));
        box.flipPrompts();
        box.press(at(7, Qt::RightButton));
        box.flipPrompts();
        QCOMPARE(target.take(), QStringList{"prompt +7 1"});
        SliceEvent side = corner(4, Qt::LeftButton, Qt::LeftButton);  // boxes lie in XY slices
        side.plane = Plane::XZ;
        box.press(side);
        QCOMPARE(target.take(), QStringList{"prompt +4 1"});
        SliceEvent held = corner(2, Qt::LeftButton, Qt::LeftButton);
        held.modifiers = Qt::ControlModifier;
        box.press(held);
        box.release(corner(9, Qt::LeftButton, {}));
        box.current().controlReleased();
        QCOMPARE(target.take(), (QStringList{"no outline", "box 2-10 in 2 0", "run"}));
    }
    void scribblesArePointsAlongTheWay() {
        Recorder target;
        ToolBox box(target);
        box.choose("scribble");
        const auto moved = [](double x, Qt::MouseButtons buttons, Qt::MouseButton button = Qt::NoButton) {
            SliceEvent e = at(x, button, buttons);
            e.pixel = {10 * x, 0};
            return e;
        };
        box.press(moved(0, Qt::RightButton, Qt::RightButton));
        for (const double x : {1, 2, 3, 4, 5, 6, 7}) box.move(moved(x, Qt::RightButton));
        box.release(moved(7, {}, Qt::LeftButton));  // another button
        box.release(moved(7, {}, Qt::RightButton));
        box.move(moved(20, {}));
        QCOMPARE(target.take(), (QStringList{"prompt -0 0", "prompt -3 0", "prompt -6 0", "run"}));
        box.press(moved(0, Qt::LeftButton, Qt::LeftButton));
        box.move(moved(4, {}));  // the release was lost
        QCOMPARE(target.take(), (QStringList{"prompt +0 0", "run"}));
        box.press(moved(0, Qt::LeftButton, Qt::LeftButton));
        box.choose("point");
        QCOMPARE(target.take(), (QStringList{"prompt +0 0", "run"}));
    }
    void aLassoGoesAround() {
        Recorder target;
        ToolBox box(target);
        box.choose("lasso");
        const auto corner = [](double y, double x, Qt::MouseButtons buttons, Qt::MouseButton button = Qt::NoButton) {
            SliceEvent e = at(x, button, buttons);
            e.voxel.y = y;
            e.at = {2, std::int64_t(y), std::int64_t(x)};
            return e;
        };
        box.press(corner(1, 1, Qt::LeftButton, Qt::LeftButton));
        box.move(corner(1, 1.2, Qt::LeftButton));  // less than there is to see
        box.move(corner(1, 9, Qt::LeftButton));
        box.move(corner(8, 9, Qt::LeftButton));
        box.release(corner(8, 9, {}, Qt::RightButton));  // another button
        box.release(corner(8, 9, {}, Qt::LeftButton));
        QCOMPARE(target.take(), (QStringList{"line of 2", "line of 3", "line of 0", "lasso +3 corners in 2 1"}));
        box.press(corner(1, 1, Qt::RightButton, Qt::RightButton));
        box.release(corner(1, 2, {}, Qt::RightButton));
        QCOMPARE(target.take(), (QStringList{"line of 0", "prompt -1 1"}));  // a click
        box.press(corner(1, 1, Qt::LeftButton, Qt::LeftButton));
        box.move(corner(9, 9, {}));  // the release was lost
        box.release(corner(9, 9, {}, Qt::LeftButton));
        QCOMPARE(target.take(), QStringList{"line of 0"});
        box.press(corner(1, 1, Qt::LeftButton, Qt::LeftButton));
        box.choose("select");
        QCOMPARE(target.take(), QStringList{"line of 0"});
    }
    void aDrawnBoxIsForgottenWhenTheToolGoes() {
        Recorder target;
        ToolBox box(target);
        box.choose("box");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.choose("select");
        box.choose("box");
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.move(at(8));  // the release was lost
        box.release(at(9, Qt::LeftButton));
        QCOMPARE(target.take(), (QStringList{"no outline", "no outline"}));
        target.frozen = true;
        box.press(at(2, Qt::LeftButton, Qt::LeftButton));
        box.release(at(2, Qt::LeftButton));
        QCOMPARE(target.take(), QStringList{"say: Object 7 is accepted. Reopen with Shift+U."});
    }
    void promptsNeedAnOpenObject() {
        Recorder target;
        ToolBox box(target);
        box.choose("point");
        target.current = 0;
        box.press(at(1, Qt::LeftButton));
        QVERIFY(target.take()[0].startsWith("say: No object"));
        target.current = 28;
        target.frozen = true;
        box.press(at(1, Qt::LeftButton));
        QCOMPARE(target.take(), QStringList{"say: Object 28 is accepted. Reopen with Shift+U."});
    }
    void fillAndPick() {
        Recorder target;
        ToolBox box(target);
        box.choose("fill");
        box.press(at(1, Qt::LeftButton));
        box.press(at(2, Qt::LeftButton, {}, Qt::ControlModifier));
        box.press(at(3, Qt::RightButton));
        box.choose("pick");
        box.press(at(4, Qt::LeftButton));
        QCOMPARE(target.take(), (QStringList{"fill 1 0", "fill 2 1", "pick 4"}));
    }
    void holdingAndGoingBack() {
        Recorder target;
        ToolBox box(target);
        QSignalSpy changed(&box, &ToolBox::toolChanged);
        QCOMPARE(box.ids(),
                 (QStringList{"select", "pan", "point", "box", "scribble", "lasso", "brush", "erase", "fill", "pick"}));
        box.choose("brush");
        box.choose("no such tool");
        box.hold("pan");
        QCOMPARE(box.current().id(), QString("pan"));
        QVERIFY(box.current().pans());
        box.releaseHeld();
        box.releaseHeld();
        QCOMPARE(box.current().id(), QString("brush"));
        box.choosePrevious();
        QCOMPARE(box.current().id(), QString("select"));
        box.choosePrevious();
        QCOMPARE(box.current().id(), QString("brush"));
        QCOMPARE(changed.count(), 5);
        QVERIFY(!box.current().hints().isEmpty());
    }
    void brushSize() {
        Recorder target;
        ToolBox box(target);
        const double start = box.brush().radiusUm;
        box.brushSteps(1);
        QCOMPARE(box.brush().radiusUm, start);  // only with a brush in hand
        box.choose("erase");
        box.brushSteps(2);
        QVERIFY(std::abs(box.brush().radiusUm - start * 1.15 * 1.15) < 1e-12);
        box.setBrushRadius(-4);
        QCOMPARE(box.brush().radiusUm, 0.001);
        box.setBall(true);
        QVERIFY(box.brush().ball);
    }
};

QTEST_GUILESS_MAIN(TestTools)
#include "tst_tools.moc"
