#include "ui/tool/box_tool.h"

#include <QObject>
#include <algorithm>
#include <utility>

namespace fovea::ui {

namespace {

constexpr std::int64_t leastSide = 3;  // voxels; less is a click

bool largeEnough(const Box& box) {
    const Index sides = box.extent();
    return sides.y >= leastSide && sides.x >= leastSide;
}

}  // namespace

// In the slice where the button went down, whatever is in view now.
Box BoxTool::drawn(const SliceEvent& event) const {
    const Index a = from_->at, b = event.at;
    return {{a.z, std::min(a.y, b.y), std::min(a.x, b.x)}, {a.z + 1, std::max(a.y, b.y) + 1, std::max(a.x, b.x) + 1}};
}

void BoxTool::press(const SliceEvent& event) {
    if (from_) return;  // a second button changes nothing
    const bool draws = event.inside && event.button == Qt::LeftButton && event.plane == Plane::XY &&
                       !event.modifiers.testFlag(Qt::AltModifier);
    if (!draws) return PromptTool::press(event);
    if (mayPrompt()) from_ = event;
}

void BoxTool::move(const SliceEvent& event) {
    if (!from_) return PromptTool::move(event);
    if (!event.buttons.testFlag(Qt::LeftButton)) {  // the release was lost
        finish();
    } else if (event.plane == Plane::XY) {
        const Box box = drawn(event);
        target_.outlineBox(largeEnough(box) ? box : Box{});
    }
}

void BoxTool::release(const SliceEvent& event) {
    if (!from_ || event.button != Qt::LeftButton) return;
    const Box box = event.plane == Plane::XY ? drawn(event) : Box{};
    const SliceEvent pressed = *std::exchange(from_, std::nullopt);
    target_.outlineBox({});
    if (!largeEnough(box)) return PromptTool::press(pressed);
    const bool waits = pressed.modifiers.testFlag(Qt::ControlModifier);
    collect(waits);
    target_.addBox(box, !waits);
}

void BoxTool::finish() {
    if (std::exchange(from_, std::nullopt)) target_.outlineBox({});
    PromptTool::finish();
}

QVector<std::pair<QString, QString>> BoxTool::hints() const {
    auto hints = PromptTool::hints();
    hints.prepend({QObject::tr("Drag"), QObject::tr("box around the object")});
    return hints;
}

}  // namespace fovea::ui
