#include "ui/widget/plot.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/theme/theme.h"

namespace fovea::ui {

namespace {

constexpr int leastGap = 200;  // ms between redraws: at most five a second
constexpr double legendLine = 18;

}  // namespace

Plot::Plot(Theme& theme, const QString& title, QWidget* parent)
    : QWidget(parent), theme_(theme), title_(title), emptyText_(tr("Nothing measured yet")) {
    setMouseTracking(true);
    setAccessibleName(title);
    pending_.setSingleShot(true);
    connect(&pending_, &QTimer::timeout, this, qOverload<>(&QWidget::update));
    connect(&theme_, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Plot::refresh() {
    if (pending_.isActive()) return;
    const qint64 since = sinceDraw_.isValid() ? sinceDraw_.elapsed() : leastGap;
    pending_.start(int(std::max<qint64>(0, leastGap - since)));
}

void Plot::setCurves(QVector<PlotCurve> curves) {
    curves_ = std::move(curves);
    refresh();
}

void Plot::addPoint(int curve, QPointF point) {
    if (curve < 0 || curve >= curves_.size()) return;
    curves_[curve].points.push_back(point);
    refresh();
}

void Plot::clear() {
    for (PlotCurve& curve : curves_) curve.points.clear();
    best_.reset();
    refresh();
}

void Plot::setXRange(double from, double to) {
    xFrom_ = from, xTo_ = to;
    refresh();
}

void Plot::setYRange(std::optional<double> low, std::optional<double> high) {
    yLow_ = low, yHigh_ = high;
    refresh();
}

void Plot::setFutureFrom(std::optional<double> x) {
    future_ = x;
    refresh();
}

void Plot::setBest(std::optional<QPointF> at, const QString& label) {
    best_ = at, bestLabel_ = label;
    refresh();
}

void Plot::setReference(std::optional<double> y, const QString& label) {
    reference_ = y, referenceLabel_ = label;
    refresh();
}

void Plot::setEmptyText(const QString& text) {
    emptyText_ = text;
    refresh();
}

PlotAxis Plot::xAxis() const {
    double to = xTo_;
    for (const PlotCurve& curve : curves_)
        for (const QPointF& p : curve.points)
            if (std::isfinite(p.x())) to = std::max(to, p.x());
    return makeAxis(xFrom_, to, 5, false);
}

PlotAxis Plot::yAxis() const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const PlotCurve& curve : curves_)
        for (const QPointF& p : curve.points)
            if (std::isfinite(p.y())) low = std::min(low, p.y()), high = std::max(high, p.y());
    if (reference_) low = std::min(low, *reference_), high = std::max(high, *reference_);
    if (yLow_) low = std::isfinite(low) ? std::min(low, *yLow_) : *yLow_;
    if (yHigh_) high = std::isfinite(high) ? std::max(high, *yHigh_) : *yHigh_;
    if (!std::isfinite(low)) low = std::isfinite(high) ? high - 1 : 0;
    if (!std::isfinite(high)) high = low + 1;
    return makeAxis(low, high, 4, true);
}

QRectF Plot::plotArea() const {
    const PlotAxis y = yAxis();
    const QFontMetricsF metrics(theme_.font(TextRole::Hint));
    double label = 0;
    for (const double tick : y.ticks()) label = std::max(label, metrics.horizontalAdvance(y.text(tick)));
    const double top = theme_.size(30), bottom = theme_.size(24), left = label + 12;
    return {left, top, std::max(10.0, width() - left - 12), std::max(10.0, height() - top - bottom)};
}

QPointF Plot::toPixel(QPointF value) const {
    const QRectF area = plotArea();
    const PlotAxis x = xAxis(), y = yAxis();
    return {area.left() + (value.x() - x.low) / (x.high - x.low) * area.width(),
            area.bottom() - (value.y() - y.low) / (y.high - y.low) * area.height()};
}

void Plot::paintEvent(QPaintEvent*) {
    ++paints_;
    sinceDraw_.restart();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = plotArea();
    paintLegend(painter);
    const bool any =
        std::any_of(curves_.begin(), curves_.end(), [](const PlotCurve& c) { return !c.points.isEmpty(); });
    if (!any) {
        painter.setFont(theme_.font(TextRole::Small));
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(area, Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
        return;
    }
    paintAxes(painter, area);
    paintMarks(painter, area);
    paintCurves(painter, area);
    paintReadout(painter, area);
}

void Plot::paintLegend(QPainter& painter) const {
    painter.setFont(theme_.font(TextRole::Small, QFont::DemiBold));
    painter.setPen(theme_.colour(Token::Text));
    const double titleWidth = QFontMetricsF(painter.font()).horizontalAdvance(title_);
    painter.drawText(QRectF(0, 0, width(), theme_.size(18)), Qt::AlignLeft | Qt::AlignVCenter, title_);
    painter.setFont(theme_.font(TextRole::Hint));
    const QFontMetricsF metrics(painter.font());
    double x = width();
    for (auto curve = curves_.rbegin(); curve != curves_.rend(); ++curve) {
        const double text = metrics.horizontalAdvance(curve->name);
        x -= text + legendLine + 6;
        if (x < titleWidth + 10) return;  // no room: the read-out names the curves too
        const double y = theme_.size(18) / 2.0;
        painter.setPen(QPen(theme_.colour(curve->colour), 2, curve->dashed ? Qt::DashLine : Qt::SolidLine));
        painter.drawLine(QPointF(x, y), QPointF(x + legendLine - 4, y));
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(QRectF(x + legendLine, 0, text + 2, theme_.size(18)), Qt::AlignLeft | Qt::AlignVCenter,
                         curve->name);
        x -= 12;
    }
}

void Plot::paintAxes(QPainter& painter, const QRectF& area) const {
    const PlotAxis x = xAxis(), y = yAxis();
    painter.setFont(theme_.font(TextRole::Hint));
    if (future_ && *future_ < x.high) {
        QRectF shade = area;
        shade.setLeft(std::clamp(toPixel({*future_, y.low}).x(), area.left(), area.right()));
        QColor colour = theme_.colour(Token::Hover);
        colour.setAlphaF(0.45f);
        painter.fillRect(shade, colour);
    }
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (const double tick : y.ticks()) {
        const double at = toPixel({x.low, tick}).y();
        painter.setPen(QPen(theme_.colour(Token::Line), 1));
        painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at));
        painter.setPen(theme_.colour(Token::Muted));
        painter.drawText(QRectF(0, at - 8, area.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter, y.text(tick));
    }
    for (const double tick : x.ticks()) {
        const double at = toPixel({tick, y.low}).x();
        const double half = 30;
        // The last number stays inside the widget.
        const double left = std::min(at - half, width() - 2 * half + 14);
        painter.drawText(QRectF(left, area.bottom() + 4, 2 * half, theme_.size(16)), Qt::AlignHCenter | Qt::AlignTop,
                         x.text(tick));
    }
    painter.setRenderHint(QPainter::Antialiasing, true);
}

void Plot::paintCurves(QPainter& painter, const QRectF& area) const {
    painter.save();
    painter.setClipRect(area.adjusted(-2, -2, 2, 2));
    for (const PlotCurve& curve : curves_) {
        painter.setPen(QPen(theme_.colour(curve.colour), 1.8, curve.dashed ? Qt::DashLine : Qt::SolidLine, Qt::RoundCap,
                            Qt::RoundJoin));
        QPainterPath path;
        bool open = false;
        for (const QPointF& p : curve.points) {
            if (!std::isfinite(p.x()) || !std::isfinite(p.y())) {
                open = false;
                continue;
            }
            if (open)
                path.lineTo(toPixel(p));
            else
                path.moveTo(toPixel(p));
            open = true;
        }
        painter.drawPath(path);
        if (curve.points.size() == 1 && std::isfinite(curve.points.front().y())) {
            painter.setBrush(theme_.colour(curve.colour));
            painter.drawEllipse(toPixel(curve.points.front()), 2, 2);
            painter.setBrush(Qt::NoBrush);
        }
    }
    painter.restore();
}

void Plot::paintMarks(QPainter& painter, const QRectF& area) const {
    painter.setFont(theme_.font(TextRole::Hint, QFont::Medium));
    if (reference_) {
        const double y = toPixel({0, *reference_}).y();
        painter.setPen(QPen(theme_.colour(Token::Warn), 1, Qt::DashLine));
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        painter.drawText(QRectF(area.left(), y - 18, area.width() - 4, 16), Qt::AlignRight | Qt::AlignVCenter,
                         referenceLabel_);
    }
    if (best_) {
        const QPointF at = toPixel(*best_);
        painter.setPen(QPen(theme_.colour(Token::Ok), 1, Qt::DashLine));
        painter.drawLine(QPointF(at.x(), area.top()), QPointF(at.x(), area.bottom()));
        painter.setPen(QPen(theme_.colour(Token::Raised), 2));
        painter.setBrush(theme_.colour(Token::Ok));
        painter.drawEllipse(at, 5, 5);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(theme_.colour(Token::Ok));
        const double text = QFontMetricsF(painter.font()).horizontalAdvance(bestLabel_);
        const bool left = at.x() - text - 10 > area.left();
        const double y = std::max(at.y() - 18, area.top());
        painter.drawText(QRectF(left ? at.x() - text - 9 : at.x() + 9, y, text + 4, 16),
                         Qt::AlignLeft | Qt::AlignVCenter, bestLabel_);
    }
}

void Plot::paintReadout(QPainter& painter, const QRectF& area) const {
    if (!hover_) return;
    // The measured x nearest to the pointer.
    double nearest = std::numeric_limits<double>::quiet_NaN(), distance = std::numeric_limits<double>::infinity();
    for (const PlotCurve& curve : curves_)
        for (const QPointF& p : curve.points)
            if (const double d = std::abs(toPixel(p).x() - *hover_); d < distance) distance = d, nearest = p.x();
    if (!std::isfinite(nearest)) return;
    const double x = toPixel({nearest, 0}).x();
    painter.setPen(QPen(theme_.colour(Token::LineStrong), 1));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    QStringList lines{xAxis().step >= 1 ? QString::number(nearest, 'f', 0) : QString::number(nearest, 'g', 4)};
    for (const PlotCurve& curve : curves_)
        for (const QPointF& p : curve.points)
            if (p.x() == nearest) lines << QStringLiteral("%1 %2").arg(curve.name, QString::number(p.y(), 'f', 3));
    painter.setFont(theme_.font(TextRole::Hint));
    const QFontMetricsF metrics(painter.font());
    double width = 0;
    for (const QString& line : lines) width = std::max(width, metrics.horizontalAdvance(line));
    const double height = metrics.height() * double(lines.size());
    QRectF box(x + 10, area.top() + 6, width + 16, height + 10);
    if (box.right() > area.right()) box.moveRight(x - 10);
    painter.setPen(QPen(theme_.colour(Token::LineStrong), 1));
    painter.setBrush(theme_.colour(Token::Panel));
    painter.drawRoundedRect(box, 4, 4);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(theme_.colour(Token::Text));
    for (int i = 0; i < lines.size(); ++i)
        painter.drawText(QPointF(box.left() + 8, box.top() + 5 + metrics.ascent() + metrics.height() * i), lines[i]);
}

void Plot::mouseMoveEvent(QMouseEvent* event) {
    const QRectF area = plotArea();
    hover_ = area.contains(event->position()) ? std::optional<double>(event->position().x()) : std::nullopt;
    update();
}

void Plot::leaveEvent(QEvent*) {
    hover_.reset();
    update();
}

}  // namespace fovea::ui
