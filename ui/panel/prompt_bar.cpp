#include "ui/panel/prompt_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <algorithm>
#include <array>

#include "ui/actions.h"
#include "ui/edit/prompt_session.h"
#include "ui/theme/theme.h"
#include "ui/widget/controls.h"
#include "ui/widget/key_button.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int barHeight = 38, edge = 10, titleHeight = 22, titleWidth = 230;
constexpr std::array tools = {"point", "box", "scribble", "lasso"};

}  // namespace

PromptBar::PromptBar(Theme& theme, Actions& actions, QWidget* parent)
    : QWidget(parent), theme_(theme), actions_(actions) {
    setObjectName("promptBar");
    setCursor(Qt::ArrowCursor);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(10, 4, 4, 4);
    row->setSpacing(6);
    tool_ = new SegmentedControl(theme, {tr("Point"), tr("Box"), tr("Scribble"), tr("Lasso")}, this);
    tool_->setFocusPolicy(Qt::NoFocus);
    connect(tool_, &SegmentedControl::chosen, this,
            [this](int index) { actions_.trigger("tool." + QString(tools[std::size_t(index)])); });
    row->addWidget(tool_);
    count_ = makeLabel({}, "small");
    row->addWidget(count_);
    const auto add = [&](const char* id, const QString& text, bool primary) {
        auto* button = new KeyButton(theme, text, primary, this);
        QAction* action = actions_.action(id);
        button->setKey(action->shortcut());
        button->setToolTip(action->toolTip());
        connect(button, &QAbstractButton::clicked, action, &QAction::trigger);
        row->addWidget(button);
        return button;
    };
    last_ = add("prompt.remove_last", tr("Last"), false);
    clear_ = add("prompt.clear", tr("Clear"), false);
    answer_ = add("prompt.alternative", {}, false);
    scope_ = new SegmentedControl(theme, {tr("Whole object"), tr("This slice")}, this);
    scope_->setToolTip(actions_.action("prompt.scope")->toolTip());
    scope_->setFocusPolicy(Qt::NoFocus);
    connect(scope_, &SegmentedControl::chosen, this, [this](int index) {
        if (prompts_) prompts_->setWholeObject(index == 0);
    });
    row->addWidget(scope_);
    commit_ = add("prompt.commit", tr("Commit"), false);
    accept_ = add("review.accept", tr("Accept"), true);
    connect(&theme, &Theme::changed, this, &PromptBar::place);
    hide();
}

void PromptBar::setSession(PromptSession* prompts) {
    if (prompts_) prompts_->disconnect(this);
    prompts_ = prompts;
    if (prompts) connect(prompts, &PromptSession::changed, this, &PromptBar::refresh);
    refresh();
}

void PromptBar::refresh() {
    const int count = prompts_ ? prompts_->count() : 0;
    const bool answered = prompts_ && prompts_->hasAnswer();
    if (count > 0) {
        count_->setText(counted(count, tr("%1 prompt"), tr("%1 prompts")));
        scope_->setCurrent(prompts_->wholeObject() ? 0 : 1);
        answer_->setText(tr("%1 of %2").arg(prompts_->alternative() + 1).arg(prompts_->alternatives()));
        answer_->setVisible(prompts_->alternatives() > 1);
    }
    commit_->setEnabled(answered);
    accept_->setEnabled(answered);
    setVisible(count > 0 && !view_.isEmpty());
    if (isVisible()) place();
}

void PromptBar::setTool(const QString& id) {
    for (std::size_t i = 0; i < tools.size(); ++i)
        if (id == tools[i]) tool_->setCurrent(int(i));
}

void PromptBar::setPlace(const QRect& view) {
    view_ = view;
    refresh();
}

// Top right of the view; below the view's title where both have no room side by side.
void PromptBar::place() {
    if (view_.isEmpty()) return;
    tool_->show();
    layout()->activate();
    if (sizeHint().width() > view_.width() - 2 * edge) tool_->hide();  // the strip of tools has both
    layout()->activate();
    const QSize size(std::min(sizeHint().width(), view_.width() - 2 * edge),
                     std::max(theme_.size(barHeight), sizeHint().height()));
    const bool beside = size.width() + theme_.size(titleWidth) + 3 * edge <= view_.width();
    const int top = beside ? edge : 2 * edge + theme_.size(titleHeight);
    setGeometry(view_.right() - edge - size.width() + 1, view_.top() + top, size.width(), size.height());
    raise();
}

void PromptBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme_.colour(Token::Line), 1));
    painter.setBrush(theme_.colour(Token::Panel));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
}

}  // namespace fovea::ui
