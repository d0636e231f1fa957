#include "ui/widget/key_button.h"

#include <QPainter>

#include "ui/theme/theme.h"
#include "ui/widget/key_cap.h"

namespace fovea::ui {

namespace {

constexpr int side = 10, gap = 6, buttonHeight = 28;

// As keyboards print them; the rest in words.
QString capOf(const QKeySequence& key) {
    QString text = key.toString(QKeySequence::NativeText);
    text.replace("Backspace", QStringLiteral("⌫")).replace("Shift+", QStringLiteral("⇧"));
    return text;
}

}  // namespace

KeyButton::KeyButton(Theme& theme, const QString& text, bool primary, QWidget* parent)
    : QAbstractButton(parent), theme_(theme), primary_(primary) {
    setText(text);
    setAccessibleName(text);
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::NoFocus);
    setAttribute(Qt::WA_Hover);
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(); });
}

void KeyButton::setKey(const QKeySequence& key) {
    key_ = capOf(key);
    updateGeometry();
}

QSize KeyButton::sizeHint() const {
    const QFontMetrics metrics(theme_.font(TextRole::Small, QFont::DemiBold));
    const int cap = key_.isEmpty() ? 0 : gap + keyCapSize(theme_, key_).width();
    return {2 * side + metrics.horizontalAdvance(text()) + cap, theme_.size(buttonHeight)};
}

void KeyButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool filled = primary_ && isEnabled();
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme_.colour(filled                                      ? Token::Accent
                                   : (underMouse() || isDown()) && isEnabled() ? Token::Hover
                                                                               : Token::Panel));
    painter.drawRoundedRect(rect(), 6, 6);
    painter.setFont(theme_.font(TextRole::Small, primary_ ? QFont::DemiBold : QFont::Medium));
    painter.setPen(theme_.colour(filled ? Token::OnAccent : isEnabled() ? Token::Text : Token::Faint));
    painter.drawText(rect().adjusted(side, 0, -side, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    if (key_.isEmpty()) return;
    const QSize cap = keyCapSize(theme_, key_);
    if (!isEnabled()) painter.setOpacity(0.5);
    paintKeyCap(painter, theme_,
                QRectF(width() - side - cap.width(), (height() - cap.height()) / 2.0, cap.width(), cap.height()), key_,
                filled);
}

}  // namespace fovea::ui
