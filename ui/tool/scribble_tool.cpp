#include "ui/tool/scribble_tool.h"

#include <QLineF>
#include <QObject>
#include <utility>

namespace fovea::ui {

namespace {

constexpr double apart = 28;  // logical pixels, of points along the way

}  // namespace

void ScribbleTool::set(const SliceEvent& event) {
    last_ = event.pixel;
    target_.addPrompt({event.at, positive_}, false);
}

void ScribbleTool::press(const SliceEvent& event) {
    if (button_ != Qt::NoButton) return;  // a second button changes nothing
    const auto positive = signOf(event);
    if (!positive) return;
    positive_ = *positive;
    button_ = event.button;
    plane_ = event.plane;
    set(event);
}

void ScribbleTool::move(const SliceEvent& event) {
    if (button_ == Qt::NoButton) return PromptTool::move(event);
    if (!event.buttons.testFlag(button_))  // the release was lost
        finish();
    else if (event.inside && event.plane == plane_ && QLineF(last_, event.pixel).length() >= apart)
        set(event);
}

void ScribbleTool::release(const SliceEvent& event) {
    if (button_ == Qt::NoButton || event.button != button_) return;
    button_ = Qt::NoButton;
    const bool waits = event.modifiers.testFlag(Qt::ControlModifier);
    collect(waits);
    if (!waits) target_.runPrompts();
}

void ScribbleTool::finish() {
    if (std::exchange(button_, Qt::NoButton) != Qt::NoButton) collect(true);
    PromptTool::finish();
}

QVector<std::pair<QString, QString>> ScribbleTool::hints() const {
    auto hints = PromptTool::hints();
    hints.prepend({QObject::tr("Drag"), QObject::tr("points along the way")});
    return hints;
}

}  // namespace fovea::ui
