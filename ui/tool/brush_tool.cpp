#include "ui/tool/brush_tool.h"

#include <QObject>

namespace fovea::ui {

void BrushTool::press(const SliceEvent& event) {
    if (painting_ || (event.button != Qt::LeftButton && event.button != Qt::RightButton)) return;
    erasing_ = eraser_ ? event.button == Qt::LeftButton : event.button == Qt::RightButton;
    if (eraser_ && event.button == Qt::RightButton) return;  // the eraser has one gesture
    if (!erasing_ && target_.currentObject() == 0) {
        target_.say(QObject::tr("No object chosen. Pick one with L, or start a new one with M."));
        return;
    }
    painting_ = true;
    button_ = event.button;
    plane_ = event.plane;
    last_ = event.voxel;
    target_.beginStroke(erasing_);
    target_.segment(plane_, last_, last_, *shape_, erasing_);
}

void BrushTool::move(const SliceEvent& event) {
    if (!painting_) {
        target_.hover(event.at, event.inside);
        return;
    }
    // A stroke stays in the view it began in; a lost release ends it.
    if (event.plane != plane_) return;
    if (!event.buttons.testFlag(button_)) {
        finish();
        return;
    }
    if (event.voxel == last_) return;
    target_.segment(plane_, last_, event.voxel, *shape_, erasing_);
    last_ = event.voxel;
}

void BrushTool::release(const SliceEvent& event) {
    if (!painting_ || event.button != button_) return;
    if (event.plane == plane_ && event.voxel != last_) target_.segment(plane_, last_, event.voxel, *shape_, erasing_);
    finish();
}

void BrushTool::finish() {
    if (!painting_) return;
    painting_ = false;
    target_.endStroke();
}

QVector<std::pair<QString, QString>> BrushTool::hints() const {
    QVector<std::pair<QString, QString>> hints{
        {QObject::tr("Left"), eraser_ ? QObject::tr("erase") : QObject::tr("paint")}};
    if (!eraser_) hints.push_back({QObject::tr("Right"), QObject::tr("erase")});
    hints.push_back({QObject::tr("Shift wheel"), QObject::tr("size")});
    return hints;
}

}  // namespace fovea::ui
