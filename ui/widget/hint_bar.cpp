#include "ui/widget/hint_bar.h"

#include <QPainter>

#include "ui/theme/theme.h"

namespace fovea::ui {

HintBar::HintBar(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

QSize HintBar::sizeHint() const { return {400, theme_.size(26)}; }

void HintBar::setHints(QVector<std::pair<QString, QString>> hints) {
    hints_ = std::move(hints);
    QStringList words;
    for (const auto& [gesture, effect] : hints_) words << gesture + QLatin1Char(' ') + effect;
    setAccessibleName(words.join(QStringLiteral(", ")));
    update();
}

void HintBar::setReadings(QStringList readings) {
    if (readings == readings_) return;
    readings_ = std::move(readings);
    update();
}

void HintBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_.colour(Token::Panel));
    painter.fillRect(QRect(0, 0, width(), 1), theme_.colour(Token::Line));
    const QFont strong = theme_.font(TextRole::Hint, QFont::DemiBold), normal = theme_.font(TextRole::Hint);
    const QFontMetricsF strongMetrics(strong), metrics(normal);
    // Readings first: they take their room at the right, hints end before them.
    double right = width() - 12;
    painter.setFont(normal);
    painter.setPen(theme_.colour(Token::Muted));
    for (auto reading = readings_.rbegin(); reading != readings_.rend(); ++reading) {
        const double w = metrics.horizontalAdvance(*reading);
        if (right - w < 12) break;
        painter.drawText(QRectF(right - w, 0, w + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, *reading);
        right -= w + 18;
    }
    double x = 12;
    for (const auto& [gesture, effect] : hints_) {
        const double g = strongMetrics.horizontalAdvance(gesture), e = metrics.horizontalAdvance(effect);
        if (x + g + 5 + e > right) break;
        painter.setFont(strong);
        painter.setPen(theme_.colour(Token::Text));
        painter.drawText(QRectF(x, 0, g + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, gesture);
        painter.setFont(normal);
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(QRectF(x + g + 5, 0, e + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, effect);
        x += g + 5 + e + 14;
    }
}

}  // namespace fovea::ui
