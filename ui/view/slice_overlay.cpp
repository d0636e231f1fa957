#include "ui/view/slice_overlay.h"

#include <QPainter>
#include <QPainterPath>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/view/scale_bar.h"

namespace fovea::ui {

namespace {

constexpr double edge = 12;          // chips keep this far from the border
constexpr double crosshairGap = 12;  // radius left free around the centre
constexpr double dotRadius = 9;

const char* axisName(int axis) { return axis == 0 ? "z" : axis == 1 ? "y" : "x"; }

}  // namespace

QString proportionText(Plane plane, const Vec3& spacing) {
    const PlaneAxes a = axesOf(plane);
    int wide = a.u, narrow = a.v;
    if (spacing[wide] < spacing[narrow]) std::swap(wide, narrow);
    const double ratio = spacing[wide] / spacing[narrow];
    if (!(ratio > 1.05)) return {};
    return QObject::tr("voxels drawn at true size, %1 %2 × %3")
        .arg(QLatin1String(axisName(wide)), QString::number(ratio, 'g', 3), QLatin1String(axisName(narrow)));
}

void SliceOverlay::focusBox(QPainter& painter) const {
    if (!scene.focusBox()) return;
    const PlaneAxes a = axesOf(transform.plane);
    const Box& box = *scene.focusBox();
    const QRectF whole(QPointF(0, 0), transform.size);
    QPainterPath outside;
    outside.addRect(whole);
    const bool here = slice() >= box.begin[a.n] && slice() < box.end[a.n];
    const QRectF inner =
        transform.toPixel(double(box.begin[a.u]), double(box.begin[a.v]), double(box.end[a.u]), double(box.end[a.v]));
    if (here) {
        QPainterPath hole;
        hole.addRect(inner);
        outside = outside.subtracted(hole);
    }
    QColor dim(0, 0, 0);
    dim.setAlphaF(0.4f);  // outside shows at 60 %
    painter.fillPath(outside, dim);
    if (!here) return;
    painter.setPen(QPen(theme.colour(Token::Accent), 1, Qt::DashLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(inner);
}

void SliceOverlay::crosshair(QPainter& painter) const {
    if (!scene.crosshairVisible()) return;
    const Index at = scene.cursor();
    const QPointF middle = transform.toPixel(Vec3{double(at.z) + 0.5, double(at.y) + 0.5, double(at.x) + 0.5});
    const double x = std::floor(middle.x()) + 0.5, y = std::floor(middle.y()) + 0.5;
    QColor colour = tokenColour(Token::Accent, true);  // over the image, the same in both themes
    colour.setAlphaF(0.75f);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setPen(QPen(colour, 1));
    const double width = transform.size.width(), height = transform.size.height();
    painter.drawLine(QPointF(0, y), QPointF(x - crosshairGap, y));
    painter.drawLine(QPointF(x + crosshairGap, y), QPointF(width, y));
    painter.drawLine(QPointF(x, 0), QPointF(x, y - crosshairGap));
    painter.drawLine(QPointF(x, y + crosshairGap), QPointF(x, height));
}

void SliceOverlay::promptBox(QPainter& painter) const {
    const Box& box = scene.promptBox();
    const PlaneAxes a = axesOf(transform.plane);
    if (box.empty() || slice() < box.begin[a.n] || slice() >= box.end[a.n]) return;
    const QRectF sides =
        transform.toPixel(double(box.begin[a.u]), double(box.begin[a.v]), double(box.end[a.u]), double(box.end[a.v]));
    painter.save();
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(tokenColour(Token::Window, true), 3.5));
    painter.drawRect(sides);
    QColor line = theme.colour(Token::Plus);
    if (!theme.reducedMotion()) line.setAlphaF(float(1 - 0.7 * scene.pulse()));
    painter.setPen(QPen(line, 1.5));
    painter.drawRect(sides);
    painter.restore();
}

void SliceOverlay::lasso(QPainter& painter) const {
    QPolygonF path = scene.lasso(transform.plane, slice());
    if (path.isEmpty()) return;
    for (QPointF& corner : path) corner = transform.toPixel(corner);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(tokenColour(Token::Window, true), 3.5));
    painter.drawPolygon(path);
    painter.setPen(QPen(theme.colour(Token::Plus), 1.5));
    painter.drawPolygon(path);
    painter.restore();
}

void SliceOverlay::prompts(QPainter& painter) const {
    const PlaneAxes a = axesOf(transform.plane);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (const PromptDot& dot : scene.prompts()) {
        if (dot.at[a.n] != slice()) continue;
        const QPointF at =
            transform.toPixel(Vec3{double(dot.at.z) + 0.5, double(dot.at.y) + 0.5, double(dot.at.x) + 0.5});
        const QColor colour = theme.colour(dot.failed ? Token::LineStrong : dot.positive ? Token::Plus : Token::Minus);
        const QColor dark = tokenColour(Token::Window, true);
        if (dot.waiting && scene.pulse() > 0) {
            const double out = theme.reducedMotion() ? 0.5 : scene.pulse();
            QColor ring = colour;
            ring.setAlphaF(float(1 - 0.8 * out));
            painter.setPen(QPen(ring, 2.5));
            painter.setBrush(Qt::NoBrush);
            painter.drawEllipse(at, dotRadius + 2 + 8 * out, dotRadius + 2 + 8 * out);
        }
        painter.setPen(QPen(dark, 2));
        painter.setBrush(colour);
        painter.drawEllipse(at, dotRadius - 1, dotRadius - 1);
        painter.setPen(QPen(dark, 1.8, Qt::SolidLine, Qt::RoundCap));
        if (dot.failed) {
            painter.drawLine(at + QPointF(0, -4), at + QPointF(0, 1));
            painter.drawPoint(at + QPointF(0, 4));
        } else {
            painter.drawLine(at + QPointF(-4, 0), at + QPointF(4, 0));
            if (dot.positive) painter.drawLine(at + QPointF(0, -4), at + QPointF(0, 4));
        }
    }
    painter.restore();
}

QVector<HudPart> SliceOverlay::readingParts() const {
    const auto& reading = scene.reading();
    if (!reading || reading->at[axesOf(transform.plane).n] != slice() || scene.pulse() == 0) return {};
    const double seconds = scene.secondsWaited();
    QVector<HudPart> parts{{QObject::tr("Reading this slice… %1 s").arg(seconds, 0, 'f', 1)}};
    // A ring that is full while one still waits would lie.
    if (reading->usual > 0) parts.push_back({{}, HudPart::Kind::Ring, std::min(seconds / reading->usual, 0.95)});
    return parts;
}

void SliceOverlay::reading(QPainter& painter) const {
    const QVector<HudPart> parts = readingParts();
    if (parts.isEmpty()) return;
    const Index at = scene.reading()->at;
    const QPointF dot = transform.toPixel(Vec3{double(at.z) + 0.5, double(at.y) + 0.5, double(at.x) + 0.5});
    chipBeside(painter, dot + QPointF(dotRadius, -dotRadius), parts);
}

void SliceOverlay::badge(QPainter& painter) const {
    if (!scene.badge() || scene.badge()->at[axesOf(transform.plane).n] != slice()) return;
    const ViewScene::Badge& badge = *scene.badge();
    QVector<HudPart> parts;
    if (!badge.icon.isEmpty()) parts.push_back({badge.icon, HudPart::Kind::Icon});
    parts.push_back({badge.text, HudPart::Kind::Dim});
    const QSizeF size = hudChipSize(theme, parts);
    const QPointF at =
        transform.toPixel(Vec3{double(badge.at.z) + 0.5, double(badge.at.y) + 0.5, double(badge.at.x) + 0.5});
    paintHudChip(painter, theme, at - QPointF(size.width() / 2, size.height() / 2), parts);
}

void SliceOverlay::brush(QPainter& painter, QPointF pointer) const {
    if (scene.brushRadius() <= 0) return;
    const double radius = scene.brushRadius() * transform.zoom;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(QColor(0, 0, 0, 160), 3));
    painter.drawEllipse(pointer, radius, radius);
    painter.setPen(QPen(QColor(255, 255, 255), 1.2));
    painter.drawEllipse(pointer, radius, radius);
    painter.restore();
}

void SliceOverlay::title(QPainter& painter, bool compact) const {
    const PlaneAxes a = axesOf(transform.plane);
    QVector<HudPart> parts{{QLatin1String(name(transform.plane)), HudPart::Kind::Strong}};
    const QString axis = QLatin1String(axisName(a.n));
    if (transform.plane == Plane::XY) {
        parts.push_back({QObject::tr("slice %1 of %2").arg(slice() + 1).arg(scene.shape()[a.n])});
        if (scene.spacingKnown() && !compact)
            parts.push_back({axis + QLatin1Char(' ') + lengthText(double(slice()) * scene.spacing()[a.n])});
    } else {
        parts.push_back({axis + QStringLiteral(" %1").arg(slice())});
    }
    const QString text = scene.spacingKnown() ? proportionText(transform.plane, scene.spacing()) : QString();
    if (!text.isEmpty()) {
        // Only where it fits.
        QVector<HudPart> longer = parts;
        longer.push_back({text});
        if (hudChipSize(theme, longer).width() < transform.size.width() - 2 * edge) parts = longer;
    }
    paintHudChip(painter, theme, {edge, 10}, parts);
}

void SliceOverlay::scaleBar(QPainter& painter) const {
    if (!scene.spacingKnown()) return;
    const ScaleBar bar = makeScaleBar(transform.zoom, transform.size.width());
    if (!(bar.pixels > 0)) return;
    const QFont font = theme.font(TextRole::Hint, QFont::DemiBold);
    const double textWidth = QFontMetricsF(font).horizontalAdvance(bar.text);
    const double height = theme.size(22);
    const QRectF chip(transform.size.width() - edge - (bar.pixels + textWidth + 26),
                      transform.size.height() - 10 - height, bar.pixels + textWidth + 26, height);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.colour(Token::Hud));
    painter.drawRoundedRect(chip, 4, 4);
    painter.setRenderHint(QPainter::Antialiasing, false);
    const double x0 = std::round(chip.left() + 8) + 0.5, x1 = std::round(x0 + bar.pixels),
                 y = std::round(chip.center().y()) + 0.5;
    painter.setPen(QPen(theme.colour(Token::HudText), 2, Qt::SolidLine, Qt::FlatCap));
    painter.drawLine(QPointF(x0, y), QPointF(x1, y));
    painter.setPen(QPen(theme.colour(Token::HudText), 1));
    painter.drawLine(QPointF(x0, y - 4), QPointF(x0, y + 3));
    painter.drawLine(QPointF(x1, y - 4), QPointF(x1, y + 3));
    painter.setFont(font);
    painter.drawText(QRectF(x1 + 9, chip.top(), textWidth + 2, chip.height()), Qt::AlignVCenter | Qt::AlignLeft,
                     bar.text);
    painter.restore();
}

void SliceOverlay::stackBar(QPainter& painter) const {
    const PlaneAxes a = axesOf(transform.plane);
    const std::int64_t count = scene.shape()[a.n];
    if (count < 2) return;
    const QRectF track(9, 106, 8, transform.size.height() - 106 - 40);
    if (track.height() < 60) return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.fillRect(track, theme.colour(Token::Hud));
    const auto at = [&](double n) { return track.top() + n / double(count) * track.height(); };
    if (scene.objectBox()) {
        const Box& box = *scene.objectBox();
        painter.fillRect(QRectF(QPointF(track.left() + 1, at(double(box.begin[a.n]))),
                                QPointF(track.right() - 1, at(double(box.end[a.n])))),
                         QColor::fromRgb(scene.objectBoxColour()));
    }
    const double y = at(double(slice()) + 0.5);
    painter.fillRect(QRectF(track.left() - 4, y - 1.5, track.width() + 8, 3), QColor(255, 255, 255));
    painter.restore();
}

void SliceOverlay::pointerMessage(QPainter& painter, QPointF pointer, const QString& text) const {
    if (!text.isEmpty()) chipBeside(painter, pointer, QVector<HudPart>{{text}});
}

void SliceOverlay::chipBeside(QPainter& painter, QPointF point, const QVector<HudPart>& parts) const {
    const QSizeF size = hudChipSize(theme, parts);
    const double x = std::clamp(point.x() + 14, edge, std::max(edge, transform.size.width() - edge - size.width()));
    const double y = std::clamp(point.y() - 30, edge, std::max(edge, transform.size.height() - edge - size.height()));
    paintHudChip(painter, theme, {x, y}, parts);
}

void SliceOverlay::problem(QPainter& painter, const QString& text) const {
    if (text.isEmpty()) return;
    const QFont font = theme.font(TextRole::Small);
    const double width = std::min(420.0, transform.size.width() - 4 * edge);
    QRectF box = QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 200), Qt::TextWordWrap, text);
    box.moveCenter(QPointF(transform.size.width() / 2, transform.size.height() / 2));
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.colour(Token::Hud));
    painter.drawRoundedRect(box.adjusted(-12, -8, 12, 8), 6, 6);
    painter.setFont(font);
    painter.setPen(tokenColour(Token::Warn, true));
    painter.drawText(box.adjusted(0, 0, 1, 1), Qt::TextWordWrap, text);
    painter.restore();
}

}  // namespace fovea::ui
