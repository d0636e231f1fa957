#include "ui/view/hud.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace fovea::ui {

namespace {

constexpr double padding = 8, gap = 7, iconSide = 14;

QFont fontOf(const Theme& theme, HudPart::Kind kind) {
    return theme.font(TextRole::Hint, kind == HudPart::Kind::Strong ? QFont::DemiBold : QFont::Normal);
}

double widthOf(const Theme& theme, const HudPart& part) {
    if (part.kind == HudPart::Kind::Icon || part.kind == HudPart::Kind::Ring) return iconSide;
    return QFontMetricsF(fontOf(theme, part.kind)).horizontalAdvance(part.text);
}

// From the top, clockwise.
void paintRing(QPainter& painter, const Theme& theme, QRectF square, double share) {
    QColor colour = theme.colour(Token::HudText);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colour, 2, Qt::SolidLine, Qt::FlatCap));
    painter.drawArc(square, 90 * 16, -int(std::lround(360 * 16 * std::clamp(share, 0.0, 1.0))));
    colour.setAlphaF(0.3f);
    painter.setPen(QPen(colour, 2));
    painter.drawEllipse(square);
}

}  // namespace

QSizeF hudChipSize(const Theme& theme, const QVector<HudPart>& parts) {
    double width = 2 * padding + gap * double(qMax<qsizetype>(parts.size() - 1, 0));
    for (const HudPart& part : parts) width += widthOf(theme, part);
    return {width, double(theme.size(22))};
}

QRectF paintHudChip(QPainter& painter, const Theme& theme, QPointF at, const QVector<HudPart>& parts) {
    const QRectF rect(at, hudChipSize(theme, parts));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.colour(Token::Hud));
    painter.drawRoundedRect(rect, 4, 4);
    double x = rect.left() + padding;
    for (const HudPart& part : parts) {
        const double width = widthOf(theme, part);
        if (part.kind == HudPart::Kind::Icon) {
            const double ratio = painter.device()->devicePixelRatioF();
            painter.drawPixmap(QPointF(x, rect.center().y() - iconSide / 2),
                               theme.pixmap(part.text, iconSide, Token::HudText, ratio));
        } else if (part.kind == HudPart::Kind::Ring) {
            paintRing(painter, theme, QRectF(x + 2, rect.center().y() - iconSide / 2 + 2, iconSide - 4, iconSide - 4),
                      part.share);
        } else {
            QColor colour = theme.colour(Token::HudText);
            if (part.kind == HudPart::Kind::Dim) colour.setAlphaF(0.82f);
            if (part.kind == HudPart::Kind::Warn)
                colour = tokenColour(Token::Warn, true);  // chips are dark in both themes
            painter.setPen(colour);
            painter.setFont(fontOf(theme, part.kind));
            painter.drawText(QRectF(x, rect.top(), width + 1, rect.height()), Qt::AlignVCenter | Qt::AlignLeft,
                             part.text);
        }
        x += width + gap;
    }
    painter.restore();
    return rect;
}

HudButton::HudButton(Theme& theme, QWidget* parent) : QAbstractButton(parent), theme_(theme) {
    setCursor(Qt::PointingHandCursor);
    setFocusPolicy(Qt::TabFocus);  // a click must not take the keys from the view
    setAttribute(Qt::WA_Hover);
}

QSize HudButton::sizeHint() const { return hudChipSize(theme_, parts()).toSize() + QSize(1, 4); }

void HudButton::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const QRectF chip = paintHudChip(painter, theme_, {0, 2}, parts());
    if (!hasFocus() && !underMouse()) return;
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(
        QPen(hasFocus() ? tokenColour(Token::Accent, true) : tokenColour(Token::Warn, true), hasFocus() ? 2 : 1));
    painter.drawRoundedRect(chip.adjusted(1, 1, -1, -1), 4, 4);
}

}  // namespace fovea::ui
