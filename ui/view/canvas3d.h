#pragma once
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>

#include <QOpenGLWidget>

#include "ui/view/scene3d.h"

namespace fovea::ui {

// VTK drawing into a framebuffer of ours that is copied into Qt's. Turns, pans and zooms the camera by the mouse.
class Canvas3D : public QOpenGLWidget {
    Q_OBJECT
  public:
    explicit Canvas3D(Scene3D& scene, QWidget* parent = nullptr);
    ~Canvas3D() override;

  Q_SIGNALS:
    void clicked(std::int32_t id);
    void doubleClicked();
    void cameraMoved();

  protected:
    void initializeGL() override;
    void resizeGL(int width, int height) override;
    void paintGL() override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void mouseDoubleClickEvent(QMouseEvent*) override;
    void wheelEvent(QWheelEvent*) override;

  private:
    void copyToWidget();
    Scene3D& scene_;
    vtkNew<vtkGenericOpenGLRenderWindow> window_;
    QPointF last_, pressedAt_;
    bool moved_ = false;
};

}  // namespace fovea::ui
