#include "ui/widget/chip.h"

#include <QPainter>
#include <cmath>

#include "ui/theme/theme.h"

namespace fovea::ui {

namespace {

constexpr double padding = 9, iconSide = 13, gap = 5;

}  // namespace

Token toneColour(Tone tone) {
    switch (tone) {
        case Tone::Accent:
            return Token::Accent;
        case Tone::Ok:
            return Token::Ok;
        case Tone::Warn:
            return Token::Warn;
        case Tone::Bad:
            return Token::Bad;
        case Tone::Plain:
            break;
    }
    return Token::Muted;
}

Token toneSoft(Tone tone) {
    switch (tone) {
        case Tone::Accent:
            return Token::AccentSoft;
        case Tone::Ok:
            return Token::OkSoft;
        case Tone::Warn:
            return Token::WarnSoft;
        case Tone::Bad:
            return Token::BadSoft;
        case Tone::Plain:
            break;
    }
    return Token::Raised;
}

Chip::Chip(Theme& theme, QWidget* parent) : Chip(theme, {}, {}, Tone::Plain, parent) {}

Chip::Chip(Theme& theme, const QString& text, const QString& icon, Tone tone, QWidget* parent)
    : QAbstractButton(parent), theme_(theme) {
    setClickable(false);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
    set(text, icon, tone);
}

void Chip::set(const QString& text, const QString& icon, Tone tone) {
    setText(text);
    setAccessibleName(text);
    icon_ = icon;
    tone_ = tone;
    updateGeometry();
    update();
}

void Chip::setClickable(bool clickable) {
    setFocusPolicy(clickable ? Qt::StrongFocus : Qt::NoFocus);
    setCursor(clickable ? Qt::PointingHandCursor : Qt::ArrowCursor);
    setAttribute(Qt::WA_Hover, clickable);
}

void Chip::setMenuMark(bool mark) {
    menuMark_ = mark;
    updateGeometry();
}

QSize Chip::sizeHint() const {
    double width = 2 * padding + QFontMetricsF(theme_.font(TextRole::Small)).horizontalAdvance(text());
    if (!icon_.isEmpty()) width += iconSide + gap;
    if (menuMark_) width += iconSide + gap;
    return {int(std::ceil(width)) + 2, theme_.size(22)};
}

void Chip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF pill = QRectF(rect()).adjusted(1, 0, -1, 0);
    const bool hot = focusPolicy() != Qt::NoFocus && underMouse() && isEnabled();
    painter.setPen(hasFocus() ? QPen(theme_.colour(Token::Accent), 2) : QPen(Qt::NoPen));
    painter.setBrush(theme_.colour(hot && tone_ == Tone::Plain ? Token::Hover : toneSoft(tone_)));
    painter.drawRoundedRect(pill.adjusted(1, 1, -1, -1), pill.height() / 2, pill.height() / 2);
    const Token ink = isEnabled() ? toneColour(tone_) : Token::Faint;
    double x = pill.left() + padding;
    const auto drawIcon = [&](const QString& name) {
        painter.drawPixmap(QPointF(x, (height() - iconSide) / 2),
                           theme_.pixmap(name, iconSide, ink, devicePixelRatioF()));
    };
    if (!icon_.isEmpty()) {
        drawIcon(icon_);
        x += iconSide + gap;
    }
    painter.setFont(theme_.font(TextRole::Small));
    painter.setPen(theme_.colour(ink));
    const double textWidth = QFontMetricsF(painter.font()).horizontalAdvance(text());
    painter.drawText(QRectF(x, 0, textWidth + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, text());
    if (menuMark_) {
        x += textWidth + gap;
        drawIcon(QStringLiteral("down"));
    }
}

}  // namespace fovea::ui
