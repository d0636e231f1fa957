#include "ui/tool/select_tool.h"

#include <QObject>

namespace fovea::ui {

void SelectTool::press(const SliceEvent& event) {
    if (event.button == Qt::LeftButton && event.inside)
        target_.select(event.at, event.modifiers.testFlag(Qt::ControlModifier));
}

void SelectTool::move(const SliceEvent& event) { target_.hover(event.at, event.inside); }

QVector<std::pair<QString, QString>> SelectTool::hints() const {
    return {{QObject::tr("Left"), QObject::tr("select")}, {QObject::tr("Ctrl left"), QObject::tr("add to selection")}};
}

QVector<std::pair<QString, QString>> PanTool::hints() const {
    return {{QObject::tr("Left drag"), QObject::tr("move")}};
}

void PickTool::press(const SliceEvent& event) {
    if (event.button == Qt::LeftButton && event.inside) target_.pick(event.at);
}

void PickTool::move(const SliceEvent& event) { target_.hover(event.at, event.inside); }

QVector<std::pair<QString, QString>> PickTool::hints() const {
    return {{QObject::tr("Left"), QObject::tr("take this object")}};
}

void FillTool::press(const SliceEvent& event) {
    if (event.button != Qt::LeftButton || !event.inside) return;
    if (target_.currentObject() == 0) {
        target_.say(QObject::tr("No object chosen. Pick one with L, or start a new one with M."));
        return;
    }
    target_.fill(event.plane, event.at, event.modifiers.testFlag(Qt::ControlModifier));
}

QVector<std::pair<QString, QString>> FillTool::hints() const {
    return {{QObject::tr("Left"), QObject::tr("fill in this slice")},
            {QObject::tr("Ctrl left"), QObject::tr("fill in 3D")}};
}

}  // namespace fovea::ui
