#include "ui/panel/review_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/actions.h"
#include "ui/panel/engine_line.h"
#include "ui/panel/filmstrip.h"
#include "ui/panel/object_table_view.h"
#include "ui/panel/prompt_list.h"
#include "ui/theme/object_colours.h"
#include "ui/theme/theme.h"
#include "ui/view/view_scene.h"
#include "ui/widget/chip.h"
#include "ui/widget/controls.h"
#include "ui/widget/labels.h"
#include "ui/widget/progress_strip.h"

namespace fovea::ui {

using project::ReviewOrder;

namespace {

constexpr int margin = 12;

QString orderText(ReviewOrder order) {
    switch (order) {
        case ReviewOrder::Doubtful:
            return ReviewPanel::tr("Most doubtful first");
        case ReviewOrder::Certain:
            return ReviewPanel::tr("Most certain first");
        case ReviewOrder::ByPatch:
            return ReviewPanel::tr("By patch");
        case ReviewOrder::ById:
            return ReviewPanel::tr("By id");
        case ReviewOrder::Largest:
            return ReviewPanel::tr("Largest");
        case ReviewOrder::Smallest:
            return ReviewPanel::tr("Smallest");
        case ReviewOrder::Nearest:
            return ReviewPanel::tr("Where I am");
    }
    return {};
}

}  // namespace

ReviewPanel::ReviewPanel(Theme& theme, Actions& actions, ViewScene& scene, QWidget* parent)
    : QWidget(parent), theme_(theme), scene_(scene) {
    setProperty("kind", "panel");
    setAttribute(Qt::WA_StyledBackground);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeQueue(actions));
    column->addWidget(makeLine());
    column->addWidget(makeCard(actions));
    column->addWidget(makeLine());
    promptList_ = new PromptList(theme);
    connect(promptList_, &PromptList::sliceChosen, this, &ReviewPanel::sliceChosen);
    column->addWidget(promptList_);
    tableHeader_ = new SectionHeader(tr("Objects"));
    column->addWidget(tableHeader_);
    empty_ = makeParagraph(tr("Objects appear here as they are found."), "hint");
    empty_->setContentsMargins(margin, 4, margin, 4);
    column->addWidget(empty_);
    table_ = new ObjectTableView(theme);
    column->addWidget(table_, 1);
    connect(table_, &ObjectTableView::objectChosen, this, &ReviewPanel::objectChosen);
    setSession(nullptr, nullptr);
}

QWidget* ReviewPanel::makeQueue(Actions&) {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, margin);
    column->setSpacing(6);
    auto* header = new SectionHeader(tr("Review queue"));
    order_ = new Chip(theme_, orderText(ReviewOrder::Doubtful));
    order_->setClickable(true);
    order_->setMenuMark(true);
    connect(order_, &Chip::clicked, this, &ReviewPanel::chooseOrder);
    header->addRight(order_);
    column->addWidget(header);
    strip_ = new ProgressStrip(theme_);
    auto* inset = new QVBoxLayout;
    inset->setContentsMargins(margin, 0, margin, 0);
    inset->setSpacing(6);
    inset->addWidget(strip_);
    auto* row = new QHBoxLayout;
    reviewed_ = makeRichLabel({}, "small");
    left_ = makeLabel({}, "small");
    row->addWidget(reviewed_);
    row->addStretch();
    row->addWidget(left_);
    inset->addLayout(row);
    column->addLayout(inset);
    return box;
}

QWidget* ReviewPanel::makeCard(Actions& actions) {
    card_ = new QWidget;
    auto* column = new QVBoxLayout(card_);
    column->setContentsMargins(margin, margin, margin, margin);
    column->setSpacing(8);
    auto* head = new QHBoxLayout;
    swatch_ = new QLabel;
    swatch_->setFixedSize(12, 12);
    title_ = makeLabel({}, "section");
    score_ = makeRichLabel({}, "muted");
    head->addWidget(swatch_);
    head->addWidget(title_);
    head->addStretch();
    head->addWidget(score_);
    column->addLayout(head);
    engine_ = new EngineLine(theme_, actions);
    column->addWidget(engine_);
    auto* why = new QHBoxLayout;
    reasonIcon_ = new QLabel;
    reason_ = makeParagraph({}, "warn");
    why->addWidget(reasonIcon_, 0, Qt::AlignTop);
    why->addWidget(reason_, 1);
    column->addLayout(why);
    film_ = new Filmstrip(theme_, scene_);
    connect(film_, &Filmstrip::sliceChosen, this, &ReviewPanel::sliceChosen);
    column->addWidget(film_);

    auto* verdicts = new QHBoxLayout;
    verdicts->setSpacing(6);
    const auto add = [&](const char* id, const QString& text, const char* icon, const char* key, const char* tone,
                         bool primary) {
        auto* button = new VerdictButton(theme_, text, icon, key, tone, primary);
        connect(button, &QAbstractButton::clicked, actions.action(id), &QAction::trigger);
        button->setToolTip(actions.action(id)->toolTip());
        verdicts->addWidget(button, primary ? 4 : 3);
        return button;
    };
    accept_ = add("review.accept", tr("Accept"), "check", "A", "text", true);
    unsure_ = add("review.unsure", tr("Unsure"), "flag", "U", "warn", false);
    reject_ = add("review.reject", tr("Reject"), "x", "X", "bad", false);
    add("review.skip", tr("Skip"), "skip", "D", "text", false);
    column->addLayout(verdicts);
    hint_ = makeParagraph({}, "hint");
    column->addWidget(hint_);
    return card_;
}

void ReviewPanel::setSession(ReviewSession* review, PromptSession* prompts) {
    if (review_) review_->disconnect(this);
    if (prompts_) prompts_->disconnect(this);
    review_ = review;
    prompts_ = prompts;
    promptList_->setSession(prompts);
    engine_->setSession(prompts);
    table_->setObjects(review ? &review->model() : nullptr);
    card_->setVisible(review != nullptr);
    if (review) {
        connect(review, &ReviewSession::currentChanged, this, &ReviewPanel::showObject);
        connect(review, &ReviewSession::progressChanged, this, &ReviewPanel::showProgress);
        connect(review, &ReviewSession::edited, this, [this](const labels::Change& change) {
            const auto current = review_->current();
            const bool mine =
                current && std::find(change.objects.begin(), change.objects.end(), *current) != change.objects.end();
            if (!change.everything && !mine) return;
            showObject();
            if (!change.box.empty() || change.everything) film_->refreshSoon();
        });
        connect(prompts, &PromptSession::changed, this, &ReviewPanel::showPrompts);
    }
    showProgress();
    showObject();
    showPrompts();
}

void ReviewPanel::flash(labels::State state) {
    (labels::isRejected(state) ? reject_ : state == labels::State::Unsure ? unsure_ : accept_)->flash();
}

void ReviewPanel::showProgress() {
    const ReviewProgress progress = review_ ? review_->progress() : ReviewProgress{};
    strip_->setParts({{double(progress.accepted), Token::Ok, tr("accepted")},
                      {double(progress.unsure), Token::Warn, tr("unsure")},
                      {double(progress.rejected), Token::Bad, tr("rejected")}},
                     std::max(1, progress.total));
    reviewed_->setText(progress.total > 0 ? tr("<b>%1 of %2</b> reviewed").arg(progress.reviewed()).arg(progress.total)
                                          : tr("Nothing to review yet"));
    const double left = progress.minutesEach * (progress.total - progress.reviewed());
    const QString each = progress.minutesEach < 1 ? tr("%1 s each").arg(std::max(1, qRound(60 * progress.minutesEach)))
                                                  : tr("%1 min each").arg(progress.minutesEach, 0, 'f', 1);
    left_->setText(progress.minutesEach > 0 && left > 0
                       ? tr("%1 · %2 min left").arg(each).arg(std::max(1, qRound(left)))
                       : QString());
    if (review_) order_->set(orderText(review_->order()), {}, Tone::Plain);
    tableHeader_->setCount(progress.total > 0 ? QString::number(progress.total) : QString());
    empty_->setVisible(progress.total == 0);
    table_->setVisible(progress.total > 0);
}

void ReviewPanel::showObject() {
    const labels::Object* object = review_ ? review_->currentObject() : nullptr;
    const bool fresh = review_ && review_->current() && !object;
    swatch_->setVisible(object != nullptr);
    card_->setEnabled(object != nullptr || fresh);
    if (!object) {
        title_->setText(fresh ? tr("New object %1").arg(*review_->current()) : tr("No object selected"));
        score_->clear();
        reason_->clear();
        reasonIcon_->clear();
        swatch_->setStyleSheet({});
        film_->setBox({});
        hint_->setText(fresh ? tr("Click it with the point tool, or paint it.")
                             : tr("Click an object in a slice, or press . for the next one."));
        return;
    }
    swatch_->setStyleSheet(QString("background:%1;border-radius:2px").arg(QColor(objectColour(object->colour)).name()));
    title_->setText(tr("Object %1").arg(object->id));
    score_->setText(tr("score <b>%1</b>").arg(object->score, 0, 'f', 2));
    const QString why = review_->reasons(*object);
    reason_->setText(why);
    reasonIcon_->setPixmap(why.isEmpty() ? QPixmap() : theme_.pixmap("warn", 15, Token::Warn, devicePixelRatioF()));
    film_->setBox(object->box);
    if (labels::isFrozen(object->state))
        hint_->setText(tr("%1 and frozen. Reopen with Shift+U.").arg(stateText(object->state)));
    else
        hint_->setText(tr("Not right? Press 7, click where it is missing, right-click where it is too much, then A."));
    table_->showObject(object->id);
}

void ReviewPanel::showPrompts() {
    const PromptState state = prompts_ ? prompts_->state() : PromptState::Idle;
    if (state == PromptState::Preview)
        hint_->setText(tr("Proposal: A accepts, C commits and stays, Esc drops it."));
    else if (state == PromptState::Interim)
        hint_->setText(tr("For now by the simple engine. C or A take it as it is; the better one comes by itself."));
    else if (state == PromptState::Growing)
        hint_->setText(tr("Slice by slice. Esc stops and keeps the slices that are done."));
    else if (state == PromptState::Idle)
        showObject();
}

void ReviewPanel::chooseOrder() {
    if (!review_) return;
    QMenu menu(this);
    for (const ReviewOrder order : {ReviewOrder::ByPatch, ReviewOrder::Doubtful, ReviewOrder::Nearest,
                                    ReviewOrder::Largest, ReviewOrder::Smallest, ReviewOrder::ById}) {
        QAction* action = menu.addAction(orderText(order));
        action->setCheckable(true);
        action->setChecked(order == review_->order());
        connect(action, &QAction::triggered, this, [this, order] { review_->setOrder(order); });
    }
    menu.exec(order_->mapToGlobal(QPoint(0, order_->height())));
}

}  // namespace fovea::ui
