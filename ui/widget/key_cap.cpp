#include "ui/widget/key_cap.h"

#include <QFontMetricsF>
#include <QPainter>
#include <cmath>

#include "ui/theme/theme.h"

namespace fovea::ui {

QSize keyCapSize(const Theme& theme, const QString& key) {
    const double width = QFontMetricsF(theme.font(TextRole::Hint)).horizontalAdvance(key);
    const int height = theme.size(17);
    return {std::max(height + 1, int(std::ceil(width)) + 10), height};
}

void paintKeyCap(QPainter& painter, const Theme& theme, const QRectF& rect, const QString& key, bool onAccent) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor ink = theme.colour(onAccent ? Token::OnAccent : Token::Text);
    QColor border = onAccent ? ink : theme.colour(Token::Line), fill = onAccent ? ink : theme.colour(Token::Raised);
    if (onAccent) border.setAlphaF(0.0f), fill.setAlphaF(theme.isDark() ? 0.18f : 0.24f);
    painter.setPen(QPen(border, 1));
    painter.setBrush(fill);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    painter.setPen(ink);
    painter.setFont(theme.font(TextRole::Hint));
    painter.drawText(rect, Qt::AlignCenter, key);
    painter.restore();
}

KeyCap::KeyCap(Theme& theme, const QString& key, QWidget* parent) : QWidget(parent), theme_(theme), key_(key) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(tr("Key %1").arg(key));
    connect(&theme_, &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void KeyCap::setKey(const QString& key) {
    key_ = key;
    setAccessibleName(tr("Key %1").arg(key));
    updateGeometry();
    update();
}

QSize KeyCap::sizeHint() const { return keyCapSize(theme_, key_); }

void KeyCap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paintKeyCap(painter, theme_, QRectF(rect()), key_);
}

}  // namespace fovea::ui
