#include "ui/view/slice_view.h"

#include <QContextMenuEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QTimer>
#include <QWheelEvent>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/view/hud.h"
#include "ui/view/slice_overlay.h"
#include "ui/view/tile_store.h"

namespace fovea::ui {

SliceView::SliceView(Theme& theme, ViewScene& scene, Plane plane, QWidget* parent)
    : QWidget(parent), theme_(theme), scene_(scene), plane_(plane), tiles_(std::make_unique<TileStore>(scene)) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    const auto repaint = [this] { update(); };
    sizeChip_ = new HudButton(theme, this);
    connect(sizeChip_, &QAbstractButton::clicked, this, &SliceView::voxelSizeRequested);
    placeSizeChip();
    connect(&theme_, &Theme::changed, this, [this] {
        placeSizeChip();
        update();
    });
    connect(&scene_, &ViewScene::imageChanged, this, [this] {
        tiles_->forget();
        describe();
        placeSizeChip();
        update();
    });
    connect(&scene_, &ViewScene::styleChanged, this, [this] {
        tiles_->styleChanged();
        update();
    });
    connect(&scene_, &ViewScene::labelsEdited, this, [this](const Box& box) {
        tiles_->labelsEdited(box);
        update();
    });
    connect(&scene_, &ViewScene::cursorChanged, this, [this] {
        describe();
        update();
    });
    connect(&scene_, &ViewScene::viewChanged, this, repaint);
    connect(&scene_, &ViewScene::overlayChanged, this, repaint);
    connect(&scene_, &ViewScene::message, this, [this](const QString& text) {
        if (!pointerInside_) return;
        message_ = text;
        update();
        QTimer::singleShot(2000, this, [this, text] {
            if (message_ == text) message_.clear();
            update();
        });
    });
    connect(tiles_.get(), &TileStore::arrived, this, repaint);
    describe();
}

SliceView::~SliceView() = default;

void SliceView::setPlane(Plane plane) {
    if (plane == plane_) return;
    plane_ = plane;
    describe();
    placeSizeChip();
    update();
}

void SliceView::describe() {
    const std::int64_t count = scene_.shape()[axesOf(plane_).n];
    setAccessibleName(tr("%1 view").arg(QLatin1String(name(plane_))));
    setAccessibleDescription(tr("Slice %1 of %2").arg(scene_.slice(plane_) + 1).arg(count));
}

// Where the scale bar would be.
void SliceView::placeSizeChip() {
    sizeChip_->setVisible(!scene_.empty() && !scene_.spacingKnown() && plane_ == Plane::XY && !compact_);
    sizeChip_->setText(scene_.shape().z < 2 ? tr("Size unknown — Set") : tr("Size unknown, drawn as cubes — Set"));
    sizeChip_->setAccessibleName(tr("Voxel size unknown. Set it"));
    sizeChip_->setToolTip(tr("The file does not say how large a voxel is. Give it to get lengths and volumes."));
    const QSize size = sizeChip_->sizeHint();
    sizeChip_->setGeometry(QRect(QPoint(width() - 12 - size.width(), height() - 8 - size.height()), size));
}

SliceTransform SliceView::transform() const {
    return {plane_, scene_.spacing(), scene_.centre(), scene_.zoom(), QSizeF(size())};
}

bool SliceView::ready() const { return scene_.empty() || (wasReady_ && tiles_->ready()); }

void SliceView::setPanning(bool panning) {
    panTool_ = panning;
    setCursor(panning ? Qt::OpenHandCursor : Qt::ArrowCursor);
}

void SliceView::setCompact(bool compact) {
    compact_ = compact;
    placeSizeChip();
    update();
}

void SliceView::fit() {
    const Index shape = scene_.shape();
    scene_.setView({double(shape.z) / 2, double(shape.y) / 2, double(shape.x) / 2},
                   fittingZoom(plane_, shape, scene_.spacing(), QSizeF(size())));
}

void SliceView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_.colour(Token::Canvas));
    if (scene_.empty()) return;
    const SliceTransform t = transform();
    tiles_->show(t, scene_.slice(plane_), devicePixelRatioF());
    tiles_->paint(painter, t);
    const bool isReady = tiles_->ready();
    const SliceOverlay overlay{theme_, scene_, t};
    overlay.focusBox(painter);
    overlay.crosshair(painter);
    overlay.promptBox(painter);
    overlay.lasso(painter);
    overlay.prompts(painter);
    overlay.reading(painter);
    overlay.badge(painter);
    if (pointerInside_ && !panTool_) overlay.brush(painter, lastMouse_);
    overlay.title(painter, compact_);
    if (!compact_) overlay.stackBar(painter);
    if (plane_ == Plane::XY) overlay.scaleBar(painter);
    overlay.problem(painter, tiles_->problem());
    if (pointerInside_) overlay.pointerMessage(painter, lastMouse_, message_);
    if (hasFocus()) {
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setPen(QPen(theme_.colour(Token::Accent), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
    if (isReady && !wasReady_) QTimer::singleShot(0, this, &SliceView::becameReady);
    wasReady_ = isReady;
}

void SliceView::resizeEvent(QResizeEvent*) {
    placeSizeChip();
    update();
}

SliceEvent SliceView::eventAt(const QPointF& pixel, Qt::MouseButton button, Qt::MouseButtons buttons,
                              Qt::KeyboardModifiers modifiers) const {
    SliceEvent event;
    event.plane = plane_;
    event.voxel = transform().toVoxel3(pixel, scene_.slice(plane_));
    event.at = {std::int64_t(std::floor(event.voxel.z)), std::int64_t(std::floor(event.voxel.y)),
                std::int64_t(std::floor(event.voxel.x))};
    event.inside = Box::of(scene_.shape()).contains(event.at);
    event.pixel = pixel;
    event.zoom = scene_.zoom();
    event.button = button;
    event.buttons = buttons;
    event.modifiers = modifiers;
    return event;
}

void SliceView::panBy(const QPointF& delta) {
    const PlaneAxes a = axesOf(plane_);
    const SliceTransform t = transform();
    Vec3 centre = scene_.centre();
    centre[a.u] -= delta.x() / t.pixelsPerVoxelU();
    centre[a.v] -= delta.y() / t.pixelsPerVoxelV();
    scene_.setView(centre, scene_.zoom());
}

void SliceView::zoomAt(const QPointF& pixel, double factor) {
    const PlaneAxes a = axesOf(plane_);
    const QPointF before = transform().toVoxel(pixel);
    scene_.setView(scene_.centre(), scene_.zoom() * factor);
    const QPointF after = transform().toVoxel(pixel);
    Vec3 centre = scene_.centre();
    centre[a.u] += before.x() - after.x();
    centre[a.v] += before.y() - after.y();
    scene_.setView(centre, scene_.zoom());
}

void SliceView::mousePressEvent(QMouseEvent* event) {
    lastMouse_ = event->position();
    if (scene_.empty()) return;
    if (event->button() == Qt::MiddleButton || (panTool_ && event->button() == Qt::LeftButton)) {
        dragging_ = true;
        setCursor(Qt::ClosedHandCursor);
        return;
    }
    Q_EMIT pressed(eventAt(event->position(), event->button(), event->buttons(), event->modifiers()));
}

void SliceView::mouseMoveEvent(QMouseEvent* event) {
    const QPointF delta = event->position() - lastMouse_;
    lastMouse_ = event->position();
    pointerInside_ = true;
    if (scene_.empty()) return;
    if (dragging_) {
        panBy(delta);
        return;
    }
    const SliceEvent e = eventAt(event->position(), Qt::NoButton, event->buttons(), event->modifiers());
    if (event->buttons() == Qt::NoButton && event->modifiers() == Qt::ShiftModifier && e.inside) scene_.setCursor(e.at);
    Q_EMIT moved(e);
    if (scene_.brushRadius() > 0 || !message_.isEmpty()) update();
}

void SliceView::mouseReleaseEvent(QMouseEvent* event) {
    if (dragging_) {
        dragging_ = false;
        setCursor(panTool_ ? Qt::OpenHandCursor : Qt::ArrowCursor);
        return;
    }
    if (!scene_.empty())
        Q_EMIT released(eventAt(event->position(), event->button(), event->buttons(), event->modifiers()));
}

void SliceView::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && scene_.brushRadius() <= 0 && cursor().shape() != Qt::CrossCursor)
        Q_EMIT maximiseRequested();
    else
        mousePressEvent(event);  // fast clicks of a tool are clicks
}

void SliceView::wheelEvent(QWheelEvent* event) {
    if (scene_.empty()) return;
    wheelRest_ += event->angleDelta().y() != 0 ? event->angleDelta().y() : event->angleDelta().x();
    const int steps = int(wheelRest_ / 120);
    const bool flat = scene_.shape()[axesOf(plane_).n] < 2;
    const bool control = event->modifiers().testFlag(Qt::ControlModifier);
    if (event->modifiers().testFlag(Qt::ShiftModifier)) {
        if (steps != 0) Q_EMIT brushSizeRequested(steps);
        wheelRest_ -= steps * 120;
    } else if (control != flat) {
        zoomAt(event->position(), std::pow(1.2, wheelRest_ / 120));
        wheelRest_ = 0;
    } else {
        if (steps != 0) scene_.setSlice(plane_, scene_.slice(plane_) - steps);
        wheelRest_ -= steps * 120;
    }
    event->accept();
}

void SliceView::enterEvent(QEnterEvent* event) {
    pointerInside_ = true;
    lastMouse_ = event->position();
    update();
}

void SliceView::leaveEvent(QEvent*) {
    pointerInside_ = false;
    update();
    Q_EMIT left();
}

void SliceView::contextMenuEvent(QContextMenuEvent* event) {
    // Right clicks belong to the tools: the menu opens with Shift + right or the Menu key.
    if (event->reason() == QContextMenuEvent::Mouse && !event->modifiers().testFlag(Qt::ShiftModifier)) return;
    Q_EMIT contextMenuRequested(eventAt(event->pos(), Qt::NoButton, Qt::NoButton, event->modifiers()),
                                event->globalPos());
}

}  // namespace fovea::ui
