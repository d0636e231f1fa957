#include "ui/widget/histogram.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace fovea::ui {

Histogram::Histogram(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMinimumHeight(78);
    setAccessibleName(tr("Grey values"));
    connect(&theme_, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Histogram::setCounts(QVector<double> counts, double low, double high) {
    counts_ = std::move(counts);
    low_ = low;
    high_ = high > low ? high : low + 1;
    update();
}

void Histogram::setWindow(double low, double high, double gamma) {
    windowLow_ = low, windowHigh_ = high, gamma_ = gamma;
    setAccessibleDescription(tr("From %1 to %2").arg(text(low), text(high)));
    update();
}

QRectF Histogram::chart() const { return {6, 1, width() - 12.0, 50}; }

double Histogram::toPixel(double value) const {
    const QRectF area = chart();
    return area.left() + std::clamp((value - low_) / (high_ - low_), 0.0, 1.0) * area.width();
}

double Histogram::toValue(double pixel) const {
    const QRectF area = chart();
    return low_ + std::clamp((pixel - area.left()) / area.width(), 0.0, 1.0) * (high_ - low_);
}

QString Histogram::text(double value) const {
    return high_ - low_ > 20 ? QString::number(qRound64(value)) : QString::number(value, 'g', 3);
}

void Histogram::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = chart();
    painter.fillRect(area, theme_.colour(Token::Field));
    if (!counts_.isEmpty()) {
        // Square root: small peaks beside a large one stay visible.
        const double most = std::sqrt(*std::max_element(counts_.begin(), counts_.end()));
        QPainterPath hill;
        hill.moveTo(area.bottomLeft());
        for (int i = 0; i < counts_.size(); ++i) {
            const double x = area.left() + (i + 0.5) / double(counts_.size()) * area.width();
            hill.lineTo(x, area.bottom() - (most > 0 ? std::sqrt(counts_[i]) / most : 0) * (area.height() - 4));
        }
        hill.lineTo(area.bottomRight());
        QColor fill = theme_.colour(Token::LineStrong);
        fill.setAlphaF(0.55f);
        painter.fillPath(hill, fill);
    }
    const double x0 = toPixel(windowLow_), x1 = toPixel(windowHigh_);
    QPainterPath transfer;
    for (int i = 0; i <= 32; ++i) {
        const double t = i / 32.0;
        const QPointF p(x0 + t * (x1 - x0),
                        area.bottom() - std::pow(t, 1 / std::max(gamma_, 0.01)) * (area.height() - 2));
        if (i == 0)
            transfer.moveTo(p);
        else
            transfer.lineTo(p);
    }
    painter.setPen(QPen(theme_.colour(Token::Accent), 1.5));
    painter.drawPath(transfer);
    for (int i = 0; i < 2; ++i) {
        const double x = std::round(i == 0 ? x0 : x1);
        painter.setPen(QPen(theme_.colour(Token::Text), 1.2));
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
        const QPolygonF knob{QPointF(x, area.bottom() - 1), QPointF(x - 5, area.bottom() + 8),
                             QPointF(x + 5, area.bottom() + 8)};
        const bool focused = hasFocus() && handle_ == i;
        painter.setPen(focused ? QPen(theme_.colour(Token::Accent), 2) : QPen(Qt::NoPen));
        painter.setBrush(theme_.colour(Token::Text));
        painter.drawPolygon(knob);
        painter.setBrush(Qt::NoBrush);
    }
    painter.setFont(theme_.font(TextRole::Small));
    painter.setPen(theme_.colour(Token::Muted));
    const QRectF numbers(0, area.bottom() + 9, width(), height() - area.bottom() - 9);
    painter.drawText(numbers, Qt::AlignLeft | Qt::AlignVCenter, text(windowLow_));
    painter.drawText(numbers, Qt::AlignRight | Qt::AlignVCenter, text(windowHigh_));
}

void Histogram::moveHandle(double value) {
    const double least = (high_ - low_) / 500;
    if (handle_ == 0)
        windowLow_ = std::min(value, windowHigh_ - least);
    else
        windowHigh_ = std::max(value, windowLow_ + least);
    setWindow(windowLow_, windowHigh_, gamma_);
    Q_EMIT windowChanged(windowLow_, windowHigh_);
}

void Histogram::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const double x = event->position().x();
    handle_ = std::abs(x - toPixel(windowLow_)) <= std::abs(x - toPixel(windowHigh_)) ? 0 : 1;
    dragging_ = true;
    moveHandle(toValue(x));
}

void Histogram::mouseMoveEvent(QMouseEvent* event) {
    if (dragging_) moveHandle(toValue(event->position().x()));
}

void Histogram::mouseReleaseEvent(QMouseEvent*) { dragging_ = false; }

void Histogram::keyPressEvent(QKeyEvent* event) {
    const double step = (high_ - low_) / 100;
    const double value = handle_ == 0 ? windowLow_ : windowHigh_;
    switch (event->key()) {
        case Qt::Key_Left:
            moveHandle(value - step);
            break;
        case Qt::Key_Right:
            moveHandle(value + step);
            break;
        case Qt::Key_Up:
        case Qt::Key_Down:
            handle_ = 1 - handle_;
            update();
            break;
        default:
            QWidget::keyPressEvent(event);
    }
}

}  // namespace fovea::ui
