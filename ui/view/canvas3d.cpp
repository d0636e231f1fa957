#include "ui/view/canvas3d.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <cmath>

#include "ui/theme/theme.h"
#include "ui/view/hud.h"
#include "ui/view/scene3d.h"

namespace fovea::ui {

Canvas3D::Canvas3D(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    connect(&renderer_, &SceneRenderer::drawn, this, [this](const ScenePicture& picture) {
        picture_ = picture;
        update();
    });
    connect(&renderer_, &SceneRenderer::picked, this, [this](std::int32_t id) {
        if (id != 0) Q_EMIT clicked(id);
    });
    connect(&renderer_, &SceneRenderer::failed, this, [this] {
        broken_ = true;
        update();
    });
}

bool Canvas3D::ready() const {
    return broken_ ||
           (picture_.full && picture_.upTo == renderer_.lastEdit() && picture_.image.size() == devicePixels());
}

QSize Canvas3D::devicePixels() const { return (QSizeF(size()) * devicePixelRatioF()).toSize(); }

void Canvas3D::setTitle(int surfaces) {
    surfaces_ = surfaces;
    update();
}

void Canvas3D::setDepthStretch(double factor) {
    stretch_ = factor;
    update();
}

void Canvas3D::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), theme_.colour(Token::Canvas));
    if (broken_) {
        painter.setPen(theme_.colour(Token::Muted));
        painter.setFont(theme_.font(TextRole::Small));
        painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap,
                         tr("No 3D picture: OpenGL did not start. Slices and all tools work without it."));
        return;
    }
    // One that was drawn coarser, or for another size, fills the view until the next comes.
    painter.setRenderHint(QPainter::SmoothPixmapTransform, picture_.image.size() != devicePixels());
    if (!picture_.image.isNull()) painter.drawImage(rect(), picture_.image);
    paintChips(painter);
    paintAxes(painter);
}

void Canvas3D::paintChips(QPainter& painter) const {
    QVector<HudPart> title{{QStringLiteral("3D"), HudPart::Kind::Strong}};
    if (surfaces_ > 0) title.push_back({surfaces_ == 1 ? tr("1 surface") : tr("%1 surfaces").arg(surfaces_)});
    paintHudChip(painter, theme_, {12, 10}, title);
    if (stretch_ == 1) return;
    const QVector<HudPart> depth{{tr("depth")},
                                 {QStringLiteral("× %1").arg(stretch_, 0, 'g', 2), HudPart::Kind::Strong}};
    paintHudChip(painter, theme_, {12, height() - 10 - hudChipSize(theme_, depth).height()}, depth);
}

void Canvas3D::paintAxes(QPainter& painter) const {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme_.font(TextRole::Hint, QFont::DemiBold));
    const QPointF origin(width() - 44, height() - 40);
    const QColor colours[3] = {theme_.colour(Token::Bad), theme_.colour(Token::Ok), theme_.colour(Token::Accent)};
    for (int axis = 0; axis < 3; ++axis) {
        const QPointF along(picture_.axes[std::size_t(axis)][0], -picture_.axes[std::size_t(axis)][1]);
        painter.setPen(QPen(colours[axis], 2, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(origin, origin + along * 22);
        const QPointF at = origin + along * 31;
        painter.drawText(QRectF(at.x() - 8, at.y() - 8, 16, 16), Qt::AlignCenter, QString(QLatin1Char("xyz"[axis])));
    }
}

void Canvas3D::resizeEvent(QResizeEvent*) { renderer_.resize(devicePixels()); }

void Canvas3D::showEvent(QShowEvent*) {
    renderer_.resize(devicePixels());  // the screen, and with it the pixel ratio, is known by now
    renderer_.setVisible(true);
}

void Canvas3D::hideEvent(QHideEvent*) { renderer_.setVisible(false); }

void Canvas3D::mousePressEvent(QMouseEvent* event) {
    last_ = pressedAt_ = event->position();
    moved_ = false;
}

void Canvas3D::mouseMoveEvent(QMouseEvent* event) {
    const QPointF delta = event->position() - last_;
    last_ = event->position();
    if ((last_ - pressedAt_).manhattanLength() > 3) moved_ = true;
    if (!moved_ || event->buttons() == Qt::NoButton) return;
    const bool pans = event->buttons().testFlag(Qt::MiddleButton) || event->modifiers().testFlag(Qt::ShiftModifier);
    if (pans)
        renderer_.edit([delta, height = height()](Scene3D& scene) { scene.pan(delta.x(), delta.y(), height); }, true);
    else if (event->buttons().testFlag(Qt::LeftButton))
        renderer_.edit([delta](Scene3D& scene) { scene.turn(delta.x(), delta.y()); }, true);
    else if (event->buttons().testFlag(Qt::RightButton))
        renderer_.edit([delta](Scene3D& scene) { scene.zoom(std::pow(1.01, -delta.y())); }, true);
}

void Canvas3D::mouseReleaseEvent(QMouseEvent* event) {
    if (moved_ || event->button() != Qt::LeftButton) return;
    const double x = event->position().x() / width(), y = 1 - event->position().y() / height();
    renderer_.pick([x, y](Scene3D& scene) { return scene.pick(x, y); });
}

void Canvas3D::mouseDoubleClickEvent(QMouseEvent*) {
    moved_ = true;  // its release is no click
    Q_EMIT doubleClicked();
}

void Canvas3D::wheelEvent(QWheelEvent* event) {
    const double factor = std::pow(1.15, event->angleDelta().y() / 120.0);
    renderer_.edit([factor](Scene3D& scene) { scene.zoom(factor); }, true);
    event->accept();
}

}  // namespace fovea::ui
