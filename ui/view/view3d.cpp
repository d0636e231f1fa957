#include "ui/view/view3d.h"

#include <QCoreApplication>
#include <QGuiApplication>
#include <QLabel>
#include <QMouseEvent>
#include <QOpenGLContext>
#include <QPainter>
#include <QStackedLayout>
#include <QSurfaceFormat>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/view/canvas3d.h"
#include "ui/view/hud.h"
#include "ui/view/scene3d.h"

namespace fovea::ui {

bool openGlWorks() {
    // The offscreen platform may hand out a context through GLX, but a shown QOpenGLWidget crashes Qt there.
    static const bool works =
        QGuiApplication::platformName() != QLatin1String("offscreen") && QOpenGLContext().create();
    return works;
}

void chooseOpenGl() {
    QSurfaceFormat format;
    format.setRenderableType(QSurfaceFormat::OpenGL);
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    format.setDepthBufferSize(24);
    QSurfaceFormat::setDefaultFormat(format);
}

namespace {

// Chips and the triad over the picture; clicks go through except on the depth chip.
class Overlay3D : public QWidget {
  public:
    Overlay3D(Theme& theme, Scene3D& scene, QWidget* parent) : QWidget(parent), theme_(theme), scene_(scene) {
        setAttribute(Qt::WA_TransparentForMouseEvents);
    }

  protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        const int count = scene_.surfaceCount();
        QVector<HudPart> title{{QStringLiteral("3D"), HudPart::Kind::Strong}};
        if (count > 0) title.push_back({count == 1 ? View3D::tr("1 surface") : View3D::tr("%1 surfaces").arg(count)});
        paintHudChip(painter, theme_, {12, 10}, title);
        if (scene_.depthStretch() != 1) {
            const QVector<HudPart> depth{
                {View3D::tr("depth")},
                {QStringLiteral("× %1").arg(scene_.depthStretch(), 0, 'g', 2), HudPart::Kind::Strong}};
            paintHudChip(painter, theme_, {12, height() - 10 - hudChipSize(theme_, depth).height()}, depth);
        }
        paintTriad(painter);
    }

  private:
    void paintTriad(QPainter& painter) const {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setFont(theme_.font(TextRole::Hint, QFont::DemiBold));
        const QPointF origin(width() - 44, height() - 40);
        const auto axes = scene_.axesInView();
        const QColor colours[3] = {theme_.colour(Token::Bad), theme_.colour(Token::Ok), theme_.colour(Token::Accent)};
        for (int axis = 0; axis < 3; ++axis) {
            const QPointF along(axes[std::size_t(axis)][0], -axes[std::size_t(axis)][1]);
            painter.setPen(QPen(colours[axis], 2, Qt::SolidLine, Qt::RoundCap));
            painter.drawLine(origin, origin + along * 22);
            const QPointF at = origin + along * 31;
            painter.drawText(QRectF(at.x() - 8, at.y() - 8, 16, 16), Qt::AlignCenter,
                             QString(QLatin1Char("xyz"[axis])));
        }
    }
    Theme& theme_;
    Scene3D& scene_;
};

}  // namespace

struct View3D::Impl {
    Scene3D scene;
    Canvas3D* canvas = nullptr;  // null without OpenGL
    QWidget* overlay = nullptr;
    std::set<std::int32_t> selected;
    ~Impl() { delete canvas; }  // before the scene it draws
};

View3D::View3D(Theme& theme, QWidget* parent) : QWidget(parent), impl_(std::make_unique<Impl>()) {
    setAccessibleName(tr("3D view"));
    if (!openGlWorks()) {
        auto* column = new QVBoxLayout(this);
        auto* text =
            new QLabel(tr("No 3D picture: this display has no OpenGL. Slices and all tools work without it."), this);
        text->setWordWrap(true);
        text->setAlignment(Qt::AlignCenter);
        text->setProperty("role", "muted");
        column->addWidget(text);
        return;
    }
    auto* stack = new QStackedLayout(this);
    stack->setStackingMode(QStackedLayout::StackAll);
    stack->setContentsMargins(0, 0, 0, 0);
    impl_->canvas = new Canvas3D(impl_->scene, this);
    impl_->overlay = new Overlay3D(theme, impl_->scene, this);
    stack->addWidget(impl_->canvas);
    stack->addWidget(impl_->overlay);
    stack->setCurrentWidget(impl_->overlay);
    setFocusProxy(impl_->canvas);
    connect(impl_->canvas, &Canvas3D::clicked, this, &View3D::picked);
    connect(impl_->canvas, &Canvas3D::doubleClicked, this, &View3D::maximiseRequested);
    connect(impl_->canvas, &Canvas3D::cameraMoved, impl_->overlay, qOverload<>(&QWidget::update));
    const auto recolour = [this, &theme] {
        impl_->scene.setBackground(theme.colour(Token::Canvas), theme.colour(Token::LineStrong));
        refresh();
    };
    connect(&theme, &Theme::changed, this, recolour);
    recolour();
}

View3D::~View3D() = default;

void View3D::refresh() {
    if (!impl_->canvas) return;
    impl_->canvas->update();
    impl_->overlay->update();
}

void View3D::setVolume(Index shape, const Vec3& spacing) {
    impl_->selected.clear();
    impl_->scene.setVolume(shape, spacing);
    refresh();
}

void View3D::clear() {
    impl_->selected.clear();
    impl_->scene.clear();
    refresh();
}

void View3D::setSurface(std::int32_t id, const SurfaceMesh& mesh, QRgb colour) {
    impl_->scene.setSurface(id, mesh, colour);
    impl_->scene.setSelected(impl_->selected);
    refresh();
}

void View3D::setSurfaceColour(std::int32_t id, QRgb colour) {
    impl_->scene.setSurfaceColour(id, colour);
    refresh();
}

void View3D::removeSurface(std::int32_t id) {
    impl_->scene.removeSurface(id);
    refresh();
}

int View3D::surfaceCount() const { return impl_->scene.surfaceCount(); }

void View3D::setSelected(const std::set<std::int32_t>& ids) {
    if (ids == impl_->selected) return;
    impl_->selected = ids;
    impl_->scene.setSelected(ids);
    refresh();
}

void View3D::setSlice(Plane plane, std::int64_t n, const QImage& image) {
    impl_->scene.setSlice(plane, n, image);
    refresh();
}

void View3D::setPlanesVisible(bool visible) {
    impl_->scene.setPlanesVisible(visible);
    refresh();
}

bool View3D::planesVisible() const { return impl_->scene.planesVisible(); }

double View3D::depthStretch() const { return impl_->scene.depthStretch(); }

void View3D::setDepthStretch(double factor) {
    impl_->scene.setDepthStretch(factor);
    impl_->scene.resetCamera();
    refresh();
}

void View3D::resetCamera() {
    impl_->scene.resetCamera();
    refresh();
}

void View3D::lookAlong(int axis) {
    impl_->scene.lookAlong(axis);
    refresh();
}

}  // namespace fovea::ui
