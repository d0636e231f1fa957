#include "ui/panel/engine_line.h"

#include <QHBoxLayout>
#include <cmath>

#include "ui/actions.h"
#include "ui/edit/prompt_session.h"
#include "ui/theme/theme.h"
#include "ui/widget/chip.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int mostName = 130;  // pixels, of a model that is called by its file

}  // namespace

EngineLine::EngineLine(Theme& theme, Actions& actions, QWidget* parent) : QWidget(parent), theme_(theme) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    chip_ = new Chip(theme, this);
    connect(chip_, &QAbstractButton::clicked, this, [this, &actions] {
        if (prompts_ && prompts_->simple()) actions.trigger("page.models");
    });
    row->addWidget(chip_);
    row->addStretch();
    hide();
}

void EngineLine::setSession(PromptSession* prompts) {
    if (prompts_) prompts_->disconnect(this);
    prompts_ = prompts;
    if (prompts) connect(prompts, &PromptSession::changed, this, &EngineLine::refresh);
    refresh();
}

QString EngineLine::text() const { return chip_->text(); }

QString EngineLine::name() const {
    const QFontMetrics metrics(theme_.font(TextRole::Small));
    return metrics.elidedText(prompts_->engineName(), Qt::ElideMiddle, theme_.size(mostName));
}

void EngineLine::refresh() {
    const PromptState state = prompts_ ? prompts_->state() : PromptState::Idle;
    setVisible(state != PromptState::Idle);
    if (state == PromptState::Idle) return;
    const bool simple = prompts_->simple();
    const double seconds = prompts_->readingSeconds();
    const QString milliseconds = tr("%1 ms").arg(prompts_->milliseconds(), 0, 'f', 0);
    chip_->setClickable(simple);
    chip_->setToolTip(simple && state == PromptState::Preview ? tr("It took %1.").arg(milliseconds)
                      : prompts_->reading() && seconds >= 1
                          ? tr("The last new slice took about %1 s.").arg(std::lround(seconds))
                          : QString());
    if (state == PromptState::Failed)
        chip_->set(tr("failed, S tries again"), "warn", Tone::Bad);
    else if (state == PromptState::Collecting)
        chip_->set(counted(prompts_->count(), tr("%1 prompt"), tr("%1 prompts")), "point", Tone::Plain);
    else if (simple)
        chip_->set(tr("simple engine · get SAM in Models"), "point",
                   state == PromptState::Preview ? Tone::Accent : Tone::Plain);
    else if (prompts_->reading())
        chip_->set(tr("%1 · reading this slice…").arg(name()), "refresh", Tone::Plain);
    else if (state == PromptState::Growing)
        chip_->set(tr("%1 · following the object…").arg(name()), "refresh", Tone::Plain);
    else if (state == PromptState::Running)
        chip_->set(tr("%1 · looking…").arg(name()), "refresh", Tone::Plain);
    else
        chip_->set(tr("%1 · ready · %2").arg(name(), milliseconds), "point", Tone::Accent);
}

}  // namespace fovea::ui
