#include "ui/panel/prompt_list.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <optional>

#include "ui/edit/prompt_session.h"
#include "ui/theme/theme.h"
#include "ui/widget/controls.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int margin = 12, rowHeight = 26;
constexpr std::size_t mostRows = 5;  // the newest; the table keeps its place

}  // namespace

// One prompt; a click goes to its slice.
class PromptList::Row : public QAbstractButton {
  public:
    Row(Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
        setFixedHeight(theme.size(rowHeight));
        setFocusPolicy(Qt::NoFocus);
        setAttribute(Qt::WA_Hover);
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(0, 0, 8, 0);
        row->addStretch();
        remove_ = makeIconButton(theme, "x", PromptList::tr("Take this prompt away"), this);
        remove_->setFocusPolicy(Qt::NoFocus);
        row->addWidget(remove_);
    }
    QToolButton* remove() const { return remove_; }
    void show(const segment::PointPrompt& point, std::size_t index) {
        positive_ = point.positive;
        index_ = index;
        text_ = PromptList::tr("Point %1, %2").arg(point.at.x).arg(point.at.y);
        setSlice(point.at.z, positive_ ? PromptList::tr("Plus point") : PromptList::tr("Minus point"));
    }
    void show(const Box& box) {
        positive_ = true;
        index_.reset();
        text_ = PromptList::tr("Box %1 × %2").arg(box.extent().x).arg(box.extent().y);
        setSlice(box.begin.z, PromptList::tr("Box"));
    }
    std::int64_t slice() const { return slice_; }
    std::optional<std::size_t> index() const { return index_; }  // of the point; none for the box

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        if (underMouse()) painter.fillRect(rect(), theme_.colour(Token::Hover));
        painter.setRenderHint(QPainter::Antialiasing);
        const QPointF middle(margin + 8, height() / 2.0);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme_.colour(positive_ ? Token::Plus : Token::Minus));
        if (index_)
            painter.drawEllipse(middle, 7, 7);
        else
            painter.drawRect(QRectF(middle - QPointF(7, 7), QSizeF(14, 14)));
        painter.setPen(QPen(tokenColour(Token::Window, true), 1.6, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(middle - QPointF(3, 0), middle + QPointF(3, 0));
        if (positive_) painter.drawLine(middle - QPointF(0, 3), middle + QPointF(0, 3));
        painter.setFont(theme_.font(TextRole::Small));
        painter.setPen(theme_.colour(Token::Text));
        const QRect text = rect().adjusted(margin + 24, 0, -40, 0);
        painter.drawText(text, Qt::AlignVCenter | Qt::AlignLeft, text_);
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(text, Qt::AlignVCenter | Qt::AlignRight, PromptList::tr("slice %1").arg(slice_ + 1));
    }

  private:
    void setSlice(std::int64_t z, const QString& what) {
        slice_ = z;
        setAccessibleName(PromptList::tr("%1, slice %2").arg(what).arg(z + 1));
        update();
    }

    Theme& theme_;
    QToolButton* remove_ = nullptr;
    QString text_;
    bool positive_ = true;
    std::int64_t slice_ = 0;
    std::optional<std::size_t> index_;
};

PromptList::PromptList(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    header_ = new SectionHeader(tr("Prompts"));
    column->addWidget(header_);
    rows_ = new QVBoxLayout;
    rows_->setSpacing(0);
    column->addLayout(rows_);
    keepOff_ = new ToggleRow(theme, tr("Keep off all neighbours"), tr("Off: accepted ones only."));
    keepOff_->setContentsMargins(margin, 8, margin, margin);
    keepOff_->toggle()->setFocusPolicy(Qt::NoFocus);
    connect(keepOff_, &ToggleRow::toggled, this, [this](bool on) {
        if (prompts_) prompts_->setProtectAll(on);
    });
    column->addWidget(keepOff_);
    column->addWidget(makeLine());
    hide();
}

void PromptList::setSession(PromptSession* prompts) {
    if (prompts_) prompts_->disconnect(this);
    prompts_ = prompts;
    if (prompts) connect(prompts, &PromptSession::changed, this, &PromptList::refresh);
    refresh();
}

void PromptList::refresh() {
    const std::size_t count = prompts_ ? std::size_t(prompts_->count()) : 0;
    const std::size_t shown = std::min(count, mostRows);
    while (rows_->count() > int(shown)) {
        QLayoutItem* item = rows_->takeAt(rows_->count() - 1);
        item->widget()->deleteLater();  // perhaps the row whose cross was clicked
        item->widget()->hide();
        delete item;
    }
    while (rows_->count() < int(shown)) {
        auto* row = new Row(theme_, this);
        connect(row, &QAbstractButton::clicked, this, [this, row] { Q_EMIT sliceChosen(row->slice()); });
        connect(row->remove(), &QToolButton::clicked, this, [this, row] {
            if (!prompts_) return;
            if (row->index())
                prompts_->removeAt(*row->index());
            else
                prompts_->removeBox();
        });
        rows_->addWidget(row);
    }
    for (std::size_t i = 0; i < shown; ++i) {
        // The box first: what was given last stands last.
        auto* row = static_cast<Row*>(rows_->itemAt(int(i))->widget());
        const std::size_t boxes = count - prompts_->points().size(), index = count - shown + i;
        if (index < boxes)
            row->show(prompts_->box());
        else
            row->show(prompts_->points()[index - boxes], index - boxes);
    }
    header_->setCount(count > 0 ? QString::number(count) : QString());
    if (prompts_) keepOff_->setChecked(prompts_->protectAll());
    setVisible(count > 0);
}

}  // namespace fovea::ui
