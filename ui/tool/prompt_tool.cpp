#include "ui/tool/prompt_tool.h"

#include <QObject>

namespace fovea::ui {

bool PromptTool::mayPrompt() const {
    const std::int32_t object = target_.currentObject();
    if (object == 0)
        target_.say(QObject::tr("No object chosen. Click one with Select, or start a new one with M."));
    else if (target_.isFrozen(object))
        target_.say(QObject::tr("Object %1 is accepted. Reopen with Shift+U.").arg(object));
    else
        return true;
    return false;
}

std::optional<bool> PromptTool::signOf(const SliceEvent& event) const {
    const bool right = event.button == Qt::RightButton;
    if (!event.inside || (event.button != Qt::LeftButton && !right)) return std::nullopt;
    if (right && event.modifiers.testFlag(Qt::ShiftModifier)) return std::nullopt;  // context menu
    if (!mayPrompt()) return std::nullopt;
    return (right || event.modifiers.testFlag(Qt::AltModifier)) == flipped_;
}

void PromptTool::press(const SliceEvent& event) {
    const auto positive = signOf(event);
    if (!positive) return;
    collecting_ = event.modifiers.testFlag(Qt::ControlModifier);
    target_.addPrompt({event.at, *positive}, !collecting_);
}

void PromptTool::move(const SliceEvent& event) {
    // The view sees Ctrl come up with the next movement at the latest.
    if (collecting_ && !event.modifiers.testFlag(Qt::ControlModifier)) controlReleased();
    target_.hover(event.at, event.inside);
}

void PromptTool::controlReleased() {
    if (!collecting_) return;
    collecting_ = false;
    target_.runPrompts();
}

void PromptTool::finish() { controlReleased(); }

QVector<std::pair<QString, QString>> PromptTool::hints() const {
    const QString add = QObject::tr("add"), remove = QObject::tr("take away");
    return {{QObject::tr("Left"), flipped_ ? remove : add},
            {QObject::tr("Right"), flipped_ ? add : remove},
            {QStringLiteral("T"), QObject::tr("swap the two")},
            {QObject::tr("Ctrl"), QObject::tr("collect, run on release")},
            {QObject::tr("Esc"), QObject::tr("drop preview")},
            {QStringLiteral("A"), QObject::tr("accept and next")}};
}

}  // namespace fovea::ui
