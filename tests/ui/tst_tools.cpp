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
        QCOMPARE(box.ids(), (QStringList{"select", "pan", "point", "brush", "erase", "fill", "pick"}));
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
