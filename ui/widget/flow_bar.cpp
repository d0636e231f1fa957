#include "ui/widget/flow_bar.h"

#include <QAbstractButton>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr double ring = 20, ringLeft = 4, textLeft = 34, chevron = 14;

}  // namespace

// One step: ring with number or mark, title, detail, underline when here, a chevron towards the next one.
class FlowBar::StepButton : public QAbstractButton {
  public:
    StepButton(Theme& theme, int number, bool last, QWidget* parent)
        : QAbstractButton(parent), theme_(theme), number_(number), last_(last) {
        setCursor(Qt::PointingHandCursor);
        setFocusPolicy(Qt::TabFocus);
        setSizePolicy(QSizePolicy::Minimum, QSizePolicy::Expanding);
        setAttribute(Qt::WA_Hover);
    }
    void show(const FlowStep& step, bool here, bool detail) {
        step_ = step;
        here_ = here;
        detail_ = detail;
        static const char* const words[] = {"open", "partly done", "done", "out of date", "failed"};
        setAccessibleName(step.title);
        setAccessibleDescription(
            tr("%1, %2. %3").arg(tr(words[int(step.state)]), here ? tr("here") : QString(), step.detail));
        setToolTip(step.detail);
        updateGeometry();
        update();
    }
    QSize sizeHint() const override { return size(detail_); }
    // The second line is the first thing to go.
    QSize minimumSizeHint() const override { return size(false); }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        paintRing(painter);
        const QFont title = theme_.font(TextRole::Small, QFont::DemiBold), detail = theme_.font(TextRole::Hint);
        const bool bright = here_ || underMouse();
        painter.setPen(theme_.colour(bright ? Token::Text : Token::Muted));
        painter.setFont(title);
        const bool two = detail_ && !step_.detail.isEmpty();
        const double middle = height() / 2.0;
        const double lineHeight = theme_.size(16);
        painter.drawText(QRectF(textLeft, two ? middle - lineHeight - 0.5 : 0, width(), two ? lineHeight : height()),
                         Qt::AlignVCenter | Qt::AlignLeft, step_.title);
        if (two) {
            painter.setFont(detail);
            painter.setPen(theme_.colour(step_.state == StepState::OutOfDate ? Token::Warn
                                         : step_.state == StepState::Failed  ? Token::Bad
                                                                             : Token::Faint));
            painter.drawText(QRectF(textLeft, middle + 0.5, width(), lineHeight - 2), Qt::AlignVCenter | Qt::AlignLeft,
                             step_.detail);
        }
        const double end = width() - (last_ ? 0 : chevron);
        if (here_) painter.fillRect(QRectF(2, height() - 3, end - 6, 2), theme_.colour(Token::Accent));
        if (!last_) {
            painter.setPen(QPen(theme_.colour(Token::LineStrong), 1.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            const double x = end + 3;
            painter.drawPolyline(
                QPolygonF{QPointF(x - 2.5, middle - 5), QPointF(x + 2.5, middle), QPointF(x - 2.5, middle + 5)});
        }
        if (hasFocus()) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(theme_.colour(Token::Accent), 2));
            painter.drawRoundedRect(QRectF(rect()).adjusted(1, 3, -(last_ ? 1 : chevron), -5), 6, 6);
        }
    }

  private:
    QSize size(bool detail) const {
        double width = QFontMetricsF(theme_.font(TextRole::Small, QFont::DemiBold)).horizontalAdvance(step_.title);
        if (detail) width = std::max(width, QFontMetricsF(theme_.font(TextRole::Hint)).horizontalAdvance(step_.detail));
        return {int(std::ceil(textLeft + width + 12 + (last_ ? 0 : chevron))), theme_.size(44)};
    }
    void paintRing(QPainter& painter) const {
        const QRectF circle(ringLeft, (height() - ring) / 2, ring, ring);
        Token token = Token::LineStrong;
        if (step_.state == StepState::Partly) token = Token::Accent;
        if (step_.state == StepState::Done) token = Token::Ok;
        if (step_.state == StepState::OutOfDate) token = Token::Warn;
        if (step_.state == StepState::Failed) token = Token::Bad;
        const bool filled = here_;
        if (filled) token = Token::Accent;
        painter.setPen(QPen(theme_.colour(token), 1.5));
        painter.setBrush(filled ? QBrush(theme_.colour(Token::Accent)) : QBrush(Qt::NoBrush));
        painter.drawEllipse(circle.adjusted(0.75, 0.75, -0.75, -0.75));
        QString icon;
        if (!filled && step_.state == StepState::Done) icon = QStringLiteral("check");
        if (!filled && step_.state == StepState::Failed) icon = QStringLiteral("x");
        if (!filled && step_.state == StepState::OutOfDate) icon = QStringLiteral("refresh");
        if (!icon.isEmpty()) {
            painter.drawPixmap(circle.topLeft() + QPointF(4, 4), theme_.pixmap(icon, 12, token, devicePixelRatioF()));
            return;
        }
        painter.setFont(theme_.font(TextRole::Hint, QFont::DemiBold));
        painter.setPen(theme_.colour(filled                             ? Token::OnAccent
                                     : step_.state == StepState::Partly ? Token::Accent
                                                                        : Token::Muted));
        painter.drawText(circle, Qt::AlignCenter, QString::number(number_));
    }
    Theme& theme_;
    int number_;
    bool last_;
    FlowStep step_;
    bool here_ = false, detail_ = true;
};

QStringList FlowBar::stepTitles() {
    return {tr("Images"), tr("Objects"), tr("Choose"), tr("Review"), tr("Learn"), tr("Export")};
}

FlowBar::FlowBar(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    auto* frame = new QFrame(this);
    frame->setProperty("kind", QStringLiteral("bar"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addWidget(frame);
    auto* row = new QHBoxLayout(frame);
    row->setContentsMargins(14, 0, 12, 0);
    row->setSpacing(4);
    const QStringList titles = stepTitles();
    for (int i = 0; i < titles.size(); ++i) {
        steps_.push_back({titles[i], {}, StepState::Open});
        auto* button = new StepButton(theme_, i + 1, i + 1 == titles.size(), frame);
        buttons_.push_back(button);
        row->addWidget(button);
        connect(button, &QAbstractButton::clicked, this, [this, i] { Q_EMIT stepClicked(i); });
    }
    sentence_ = makeLabel({}, "small", frame);
    sentence_->setMinimumWidth(0);
    sentence_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    sentence_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    row->addWidget(sentence_, 1);
    row->addSpacing(6);
    next_ = makeButton(theme_, {}, "plain", {}, frame);
    next_->hide();
    // The chevron of "go on" stands at the right.
    next_->setLayoutDirection(Qt::RightToLeft);
    row->addWidget(next_);
    connect(next_, &QPushButton::clicked, this, &FlowBar::nextClicked);
    const auto restyle = [this] {
        setFixedHeight(theme_.size(44));
        const Token ink =
            next_->property("kind").toString() == QLatin1String("primary") ? Token::OnAccent : Token::Text;
        next_->setIcon(theme_.icon(QStringLiteral("right"), ink, ink));
        showSteps();
    };
    connect(&theme_, &Theme::changed, this, restyle);
    restyle();
}

void FlowBar::showSteps() {
    const bool detail = width() >= 1200;
    int taken = 60 + (next_->isHidden() ? 0 : next_->sizeHint().width());
    for (int i = 0; i < buttons_.size(); ++i) {
        buttons_[i]->show(steps_[i], i == current_, detail);
        taken += buttons_[i]->sizeHint().width();
    }
    const QFontMetrics metrics(theme_.font(TextRole::Small));
    sentence_->setText(metrics.elidedText(fullSentence_, Qt::ElideRight, std::max(0, width() - taken)));
    sentence_->setToolTip(fullSentence_);
}

void FlowBar::setStep(int index, StepState state, const QString& detail) {
    if (index < 0 || index >= steps_.size()) return;
    const FlowStep step{steps_[index].title, detail, state};
    if (step == steps_[index]) return;
    steps_[index] = step;
    showSteps();
}

void FlowBar::setCurrent(int index) {
    if (index == current_ || index < 0 || index >= steps_.size()) return;
    current_ = index;
    showSteps();
}

void FlowBar::setNext(const QString& sentence, const QString& button, bool primary) {
    fullSentence_ = sentence;
    next_->setText(button);
    next_->setVisible(!button.isEmpty());
    setLook(next_, "kind", primary ? QStringLiteral("primary") : QStringLiteral("plain"));
    const Token ink = primary ? Token::OnAccent : Token::Text;
    next_->setIcon(theme_.icon(QStringLiteral("right"), ink, ink));
    showSteps();
}

void FlowBar::resizeEvent(QResizeEvent*) { showSteps(); }

}  // namespace fovea::ui
