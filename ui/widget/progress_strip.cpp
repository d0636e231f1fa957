#include "ui/widget/progress_strip.h"

#include <QPainter>
#include <QPainterPath>
#include <QTimerEvent>

#include "ui/theme/theme.h"

namespace fovea::ui {

ProgressStrip::ProgressStrip(Theme& theme, QWidget* parent, int thickness)
    : QWidget(parent), theme_(theme), thickness_(thickness) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, [this] { update(); });
}

void ProgressStrip::setParts(QVector<Part> parts, double total) {
    parts_ = std::move(parts);
    total_ = total;
    busy_ = false;
    describe();
    updateTimer();
    update();
}

void ProgressStrip::setShare(double share) {
    busy_ = share < 0;
    parts_ = {{qBound(0.0, share, 1.0), Token::Accent, tr("done")}};
    total_ = 1;
    if (busy_) parts_.clear();
    describe();
    updateTimer();
    update();
}

void ProgressStrip::describe() {
    QStringList words;
    for (const Part& part : parts_)
        if (!part.name.isEmpty())
            words << (total_ == 1 ? QStringLiteral("%1 %").arg(qRound(part.value * 100))
                                  : QStringLiteral("%1 %2").arg(part.value).arg(part.name));
    setAccessibleName(tr("Progress"));
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    setToolTip(words.join(QStringLiteral(" · ")));
}

void ProgressStrip::updateTimer() {
    const bool wanted = busy_ && isVisible() && !theme_.reducedMotion();
    if (wanted && !timer_) timer_ = startTimer(50);
    if (!wanted && timer_) {
        killTimer(timer_);
        timer_ = 0;
    }
}

void ProgressStrip::timerEvent(QTimerEvent*) {
    phase_ = (phase_ + 2) % 130;
    update();
}

void ProgressStrip::hideEvent(QHideEvent*) { updateTimer(); }
void ProgressStrip::showEvent(QShowEvent*) { updateTimer(); }

void ProgressStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF bar(0, (height() - thickness_) / 2.0, width(), thickness_);
    QPainterPath clip;
    clip.addRoundedRect(bar, thickness_ / 2.0, thickness_ / 2.0);
    painter.setClipPath(clip);
    painter.fillRect(bar, theme_.colour(Token::Hover));
    if (busy_) {
        const double at = timer_ ? phase_ - 30 : 35;
        painter.fillRect(QRectF(bar.left() + bar.width() * at / 100, bar.top(), bar.width() * 0.3, bar.height()),
                         theme_.colour(Token::Accent));
        return;
    }
    double x = bar.left();
    for (const Part& part : parts_) {
        if (total_ <= 0 || part.value <= 0) continue;
        const double end = std::min(x + bar.width() * part.value / total_, bar.right());
        painter.fillRect(QRectF(x, bar.top(), end - x, bar.height()), theme_.colour(part.colour));
        x = end;
    }
}

}  // namespace fovea::ui
