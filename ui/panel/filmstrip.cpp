#include "ui/panel/filmstrip.h"

#include <QCoreApplication>
#include <QMouseEvent>
#include <QPainter>
#include <QPointer>
#include <QThreadPool>

#include "ui/theme/theme.h"

namespace fovea::ui {

namespace {
constexpr int most = 8, gap = 2, captionHeight = 14, settleMs = 150;
}

Filmstrip::Filmstrip(Theme& theme, ViewScene& scene, QWidget* parent) : QWidget(parent), theme_(theme), scene_(scene) {
    setFixedHeight(theme.size(54));
    soon_.setSingleShot(true);
    soon_.setInterval(settleMs);
    connect(&soon_, &QTimer::timeout, this, &Filmstrip::refresh);
    setAccessibleName(tr("Slices of this object"));
    connect(&scene, &ViewScene::cursorChanged, this, qOverload<>(&QWidget::update));
}

void Filmstrip::setBox(const Box& box) {
    if (box == box_) return;
    box_ = box;
    refresh();
}

void Filmstrip::refresh() {
    slices_.clear();
    const std::int64_t n = box_.empty() ? 0 : box_.extent().z;
    const std::int64_t shown = std::min<std::int64_t>(n, most);
    for (std::int64_t i = 0; i < shown; ++i) slices_ << box_.begin.z + (shown == n ? i : i * (n - 1) / (shown - 1));
    compose();
}

QRect Filmstrip::cell(int index) const {
    const int width = (this->width() - gap * (most - 1)) / most;
    return {index * (width + gap), 0, width, height() - captionHeight};
}

void Filmstrip::compose() {
    ++generation_;
    images_ = QVector<QImage>(slices_.size());
    update();
    if (scene_.empty() || slices_.isEmpty()) return;
    const double ratio = devicePixelRatioF();
    const QSize pixels = cell(0).size() * ratio;
    const Vec3 s = scene_.spacing();
    // The object's box and a quarter around it, square in µm.
    const double side = 1.5 * std::max(double(box_.extent().y) * s.y, double(box_.extent().x) * s.x);
    if (side <= 0 || pixels.isEmpty()) return;
    const double perUm = std::min(pixels.width(), pixels.height()) / side;
    QPointer<Filmstrip> guard(this);
    for (int i = 0; i < slices_.size(); ++i) {
        TileRequest request;
        request.slice = slices_[i];
        request.perVoxelU = perUm * s.x;
        request.perVoxelV = perUm * s.y;
        request.devicePixelRatio = ratio;
        const double u = 0.5 * double(box_.begin.x + box_.end.x) * request.perVoxelU;
        const double v = 0.5 * double(box_.begin.y + box_.end.y) * request.perVoxelV;
        request.pixels =
            QRect(qRound(u - pixels.width() / 2.0), qRound(v - pixels.height() / 2.0), pixels.width(), pixels.height());
        scene_.workers().start([guard, i, request, style = scene_.style(), generation = generation_] {
            QImage image;
            try {
                image = composeTile(*style, request);
            } catch (const Error&) {
                return;  // the views tell about it
            }
            QMetaObject::invokeMethod(qApp, [guard, i, image, generation] {
                if (!guard || guard->generation_ != generation) return;
                guard->images_[i] = image;
                guard->update();
            });
        });
    }
}

void Filmstrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setFont(theme_.font(TextRole::Hint));
    const std::int64_t here = scene_.empty() ? -1 : scene_.slice(Plane::XY);
    for (int i = 0; i < slices_.size(); ++i) {
        const QRect rect = cell(i);
        painter.fillRect(rect, theme_.colour(Token::Canvas));
        if (!images_[i].isNull()) painter.drawImage(rect, images_[i]);
        const bool present = slices_[i] == here;
        if (present) {
            painter.setPen(QPen(theme_.colour(Token::Accent), 2));
            painter.drawRect(rect.adjusted(1, 1, -1, -1));
        }
        painter.setPen(theme_.colour(present ? Token::Accent : Token::Muted));
        painter.drawText(QRect(rect.left(), rect.bottom() + 1, rect.width(), captionHeight), Qt::AlignCenter,
                         QString::number(slices_[i] + 1));
    }
}

void Filmstrip::mousePressEvent(QMouseEvent* event) {
    for (int i = 0; i < slices_.size(); ++i)
        if (cell(i).contains(event->pos())) Q_EMIT sliceChosen(slices_[i]);
}

}  // namespace fovea::ui
