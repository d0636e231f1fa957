#include "ui/tool/lasso_tool.h"

#include <QLineF>
#include <QObject>
#include <utility>

namespace fovea::ui {

namespace {

constexpr double apart = 0.5, leastSide = 3;  // voxels: corners of the path; less in both directions is a click

QPointF cornerOf(const SliceEvent& event) {
    const PlaneAxes a = axesOf(event.plane);
    return {event.voxel[a.u], event.voxel[a.v]};
}

}  // namespace

void LassoTool::press(const SliceEvent& event) {
    if (from_) return;  // a second button changes nothing
    const auto positive = signOf(event);
    if (!positive) return;
    positive_ = *positive;
    from_ = event;
    path_ = {cornerOf(event)};
}

void LassoTool::move(const SliceEvent& event) {
    if (!from_) return PromptTool::move(event);
    if (!event.buttons.testFlag(from_->button)) return finish();  // the release was lost
    if (event.plane != from_->plane || QLineF(path_.last(), cornerOf(event)).length() < apart) return;
    path_ << cornerOf(event);
    target_.outlineLasso(from_->plane, from_->at[axesOf(from_->plane).n], path_);
}

void LassoTool::release(const SliceEvent& event) {
    if (!from_ || event.button != from_->button) return;
    const SliceEvent pressed = *from_;
    const QPolygonF path = path_;
    drop();
    const QSizeF sides = path.boundingRect().size();
    if (sides.width() < leastSide && sides.height() < leastSide) return PromptTool::press(pressed);
    const bool waits = pressed.modifiers.testFlag(Qt::ControlModifier);
    collect(waits);
    target_.addLasso(pressed.plane, pressed.at[axesOf(pressed.plane).n], path, positive_, !waits);
}

void LassoTool::drop() {
    from_.reset();
    path_.clear();
    target_.outlineLasso(Plane::XY, 0, {});
}

void LassoTool::finish() {
    if (from_) drop();
    PromptTool::finish();
}

QVector<std::pair<QString, QString>> LassoTool::hints() const {
    auto hints = PromptTool::hints();
    hints.prepend({QObject::tr("Drag"), QObject::tr("around the object")});
    return hints;
}

}  // namespace fovea::ui
