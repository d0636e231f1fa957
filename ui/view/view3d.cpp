#include "ui/view/view3d.h"

#include <QGuiApplication>
#include <QLabel>
#include <QOpenGLContext>
#include <QSurfaceFormat>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "ui/theme/theme.h"
#include "ui/view/canvas3d.h"
#include "ui/view/scene3d.h"

namespace fovea::ui {

bool openGlWorks() {
    // The offscreen platform may hand out a context through GLX that no test machine can rely on.
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

struct View3D::Impl {
    Canvas3D* canvas = nullptr;  // null without OpenGL
    std::set<std::int32_t> surfaces, selected;
    bool planesVisible = true;
    double stretch = 1;

    template <class F>
    void edit(F&& f) {
        if (canvas) canvas->renderer().edit(std::forward<F>(f));
    }
    void forget() {
        surfaces.clear();
        selected.clear();
        if (canvas) canvas->setTitle(0);
    }
    void setStretch(double factor) {
        stretch = factor;
        if (canvas) canvas->setDepthStretch(factor);
    }
};

View3D::View3D(Theme& theme, QWidget* parent) : QWidget(parent), impl_(std::make_unique<Impl>()) {
    setAccessibleName(tr("3D view"));
    auto* column = new QVBoxLayout(this);
    if (!openGlWorks()) {
        auto* text =
            new QLabel(tr("No 3D picture: this display has no OpenGL. Slices and all tools work without it."), this);
        text->setWordWrap(true);
        text->setAlignment(Qt::AlignCenter);
        text->setProperty("role", "muted");
        column->addWidget(text);
        return;
    }
    column->setContentsMargins(0, 0, 0, 0);
    impl_->canvas = new Canvas3D(theme, this);
    column->addWidget(impl_->canvas);
    setFocusProxy(impl_->canvas);
    connect(impl_->canvas, &Canvas3D::clicked, this, &View3D::picked);
    connect(impl_->canvas, &Canvas3D::doubleClicked, this, &View3D::maximiseRequested);
    const auto recolour = [this, &theme] {
        impl_->edit([canvas = theme.colour(Token::Canvas), line = theme.colour(Token::LineStrong)](Scene3D& scene) {
            scene.setBackground(canvas, line);
        });
    };
    connect(&theme, &Theme::changed, this, recolour);
    recolour();
}

View3D::~View3D() { delete impl_->canvas; }

bool View3D::ready() const { return !impl_->canvas || !impl_->canvas->isVisible() || impl_->canvas->ready(); }

QImage View3D::picture() const { return impl_->canvas ? impl_->canvas->picture() : QImage(); }

DrawingCost View3D::cost() const { return impl_->canvas ? impl_->canvas->renderer().cost() : DrawingCost{}; }

void View3D::setVolume(Index shape, const Vec3& spacing) {
    impl_->forget();
    impl_->setStretch(Scene3D::stretchFor(shape, spacing));
    impl_->edit([shape, spacing](Scene3D& scene) { scene.setVolume(shape, spacing); });
}

void View3D::clear() {
    impl_->forget();
    impl_->edit([](Scene3D& scene) { scene.clear(); });
}

void View3D::setSurface(std::int32_t id, SurfaceMesh mesh, QRgb colour) {
    if (mesh.vertices.size() < 9 || mesh.triangles.size() < 3) return removeSurface(id);
    impl_->surfaces.insert(id);
    if (!impl_->canvas) return;
    impl_->canvas->setTitle(surfaceCount());
    impl_->edit([id, colour, selected = impl_->selected,
                 mesh = std::make_shared<const SurfaceMesh>(std::move(mesh))](Scene3D& scene) {
        scene.setSurface(id, *mesh, colour);
        scene.setSelected(selected);
    });
}

void View3D::setSurfaceColour(std::int32_t id, QRgb colour) {
    impl_->edit([id, colour](Scene3D& scene) { scene.setSurfaceColour(id, colour); });
}

void View3D::removeSurface(std::int32_t id) {
    if (impl_->surfaces.erase(id) == 0) return;
    if (impl_->canvas) impl_->canvas->setTitle(surfaceCount());
    impl_->edit([id](Scene3D& scene) { scene.removeSurface(id); });
}

int View3D::surfaceCount() const { return int(impl_->surfaces.size()); }

void View3D::setSelected(const std::set<std::int32_t>& ids) {
    if (ids == impl_->selected) return;
    impl_->selected = ids;
    impl_->edit([ids](Scene3D& scene) { scene.setSelected(ids); });
}

void View3D::setSlice(Plane plane, std::int64_t n, const QImage& image) {
    impl_->edit([plane, n, image](Scene3D& scene) { scene.setSlice(plane, n, image); });
}

void View3D::setPlanesVisible(bool visible) {
    impl_->planesVisible = visible;
    impl_->edit([visible](Scene3D& scene) { scene.setPlanesVisible(visible); });
}

bool View3D::planesVisible() const { return impl_->planesVisible; }

double View3D::depthStretch() const { return impl_->stretch; }

void View3D::setDepthStretch(double factor) {
    impl_->setStretch(std::clamp(factor, 0.2, 10.0));
    impl_->edit([stretch = impl_->stretch](Scene3D& scene) {
        scene.setDepthStretch(stretch);
        scene.resetCamera();
    });
}

void View3D::resetCamera() {
    impl_->edit([](Scene3D& scene) { scene.resetCamera(); });
}

void View3D::focusOn(const Box& box, bool zoom) {
    impl_->edit([box, zoom](Scene3D& scene) { scene.focusOn(box, zoom); });
}

void View3D::lookAlong(int axis) {
    impl_->edit([axis](Scene3D& scene) { scene.lookAlong(axis); });
}

}  // namespace fovea::ui
