#include "ui/view/canvas3d.h"

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkOpenGLFramebufferObject.h>
#include <vtkOpenGLState.h>
#include <vtkRenderer.h>

#include <QMouseEvent>
#include <QOpenGLContext>
#include <QOpenGLExtraFunctions>
#include <QWheelEvent>
#include <cmath>

namespace fovea::ui {

Canvas3D::Canvas3D(Scene3D& scene, QWidget* parent) : QOpenGLWidget(parent), scene_(scene) {
    setFocusPolicy(Qt::StrongFocus);
    window_->AddRenderer(scene_.renderer());
    window_->SetMultiSamples(4);
    window_->SetFrameBlitModeToNoBlit();
    // makeCurrent() also binds Qt's framebuffer: calling it while current would make VTK attach its textures to that.
    vtkNew<vtkCallbackCommand> isCurrent, makeItCurrent;
    isCurrent->SetClientData(this);
    isCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void* answer) {
        auto* canvas = static_cast<Canvas3D*>(self);
        *static_cast<bool*>(answer) = canvas->context() && QOpenGLContext::currentContext() == canvas->context();
    });
    makeItCurrent->SetClientData(this);
    makeItCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void*) {
        auto* canvas = static_cast<Canvas3D*>(self);
        if (canvas->context() && QOpenGLContext::currentContext() != canvas->context()) canvas->makeCurrent();
    });
    window_->AddObserver(vtkCommand::WindowIsCurrentEvent, isCurrent);
    window_->AddObserver(vtkCommand::WindowMakeCurrentEvent, makeItCurrent);
}

Canvas3D::~Canvas3D() {
    if (isValid()) {
        makeCurrent();
        window_->Finalize();
        doneCurrent();
    } else {
        window_->SetReadyForRendering(false);
    }
    window_->RemoveRenderer(scene_.renderer());
}

void Canvas3D::initializeGL() {
    window_->SetForceMaximumHardwareLineWidth(1);
    window_->SetReadyForRendering(true);
    window_->SetOwnContext(0);
    window_->OpenGLInitContext();
}

void Canvas3D::resizeGL(int width, int height) {
    window_->SetSize(int(width * devicePixelRatioF()), int(height * devicePixelRatioF()));
}

void Canvas3D::paintGL() {
    auto* state = window_->GetState();
    state->Reset();
    state->Push();
    state->vtkglDepthFunc(GL_LEQUAL);
    window_->Render();
    state->Pop();
    copyToWidget();
}

void Canvas3D::copyToWidget() {
    auto* state = window_->GetState();
    state->PushFramebufferBindings();
    window_->GetDisplayFramebuffer()->Bind(GL_READ_FRAMEBUFFER);
    window_->GetDisplayFramebuffer()->ActivateReadBuffer(0);
    auto* gl = context()->extraFunctions();
    gl->glBindFramebuffer(GL_DRAW_FRAMEBUFFER, defaultFramebufferObject());
    const GLenum target = GL_COLOR_ATTACHMENT0;
    gl->glDrawBuffers(1, &target);
    gl->glDisable(GL_SCISSOR_TEST);
    const int* size = window_->GetSize();
    gl->glBlitFramebuffer(0, 0, size[0], size[1], 0, 0, size[0], size[1], GL_COLOR_BUFFER_BIT, GL_NEAREST);
    // VTK's background has alpha 0: without this the widget shows through.
    gl->glColorMask(0, 0, 0, 1);
    gl->glClearColor(0, 0, 0, 1);
    gl->glClear(GL_COLOR_BUFFER_BIT);
    gl->glColorMask(1, 1, 1, 1);
    state->PopFramebufferBindings();
}

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
        scene_.pan(delta.x(), delta.y(), height());
    else if (event->buttons().testFlag(Qt::LeftButton))
        scene_.turn(delta.x(), delta.y());
    else if (event->buttons().testFlag(Qt::RightButton))
        scene_.zoom(std::pow(1.01, -delta.y()));
    Q_EMIT cameraMoved();
    update();
}

void Canvas3D::mouseReleaseEvent(QMouseEvent* event) {
    if (moved_ || event->button() != Qt::LeftButton) return;
    const double ratio = devicePixelRatioF();
    const std::int32_t id = scene_.pick(event->position().x() * ratio, (height() - 1 - event->position().y()) * ratio);
    if (id != 0) Q_EMIT clicked(id);
}

void Canvas3D::mouseDoubleClickEvent(QMouseEvent*) {
    moved_ = true;  // its release is no click
    Q_EMIT doubleClicked();
}

void Canvas3D::wheelEvent(QWheelEvent* event) {
    scene_.zoom(std::pow(1.15, event->angleDelta().y() / 120.0));
    Q_EMIT cameraMoved();
    update();
    event->accept();
}

}  // namespace fovea::ui
