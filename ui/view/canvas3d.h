#pragma once
#include <QWidget>

#include "ui/view/scene_renderer.h"

namespace fovea::ui {

class Theme;

// Shows what a SceneRenderer drew, with chips and the axes over it. Turns, pans and zooms the camera by the mouse.
class Canvas3D : public QWidget {
    Q_OBJECT
  public:
    explicit Canvas3D(Theme& theme, QWidget* parent = nullptr);

    SceneRenderer& renderer() { return renderer_; }
    const SceneRenderer& renderer() const { return renderer_; }
    // The full picture of everything asked for is shown.
    bool ready() const;
    const QImage& picture() const { return picture_.image; }
    void setTitle(int surfaces);
    void setDepthStretch(double factor);

  Q_SIGNALS:
    void clicked(std::int32_t id);
    void doubleClicked();

  protected:
    void paintEvent(QPaintEvent*) override;
    void resizeEvent(QResizeEvent*) override;
    void showEvent(QShowEvent*) override;
    void hideEvent(QHideEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void mouseDoubleClickEvent(QMouseEvent*) override;
    void wheelEvent(QWheelEvent*) override;

  private:
    QSize devicePixels() const;
    void paintChips(QPainter& painter) const;
    void paintAxes(QPainter& painter) const;

    Theme& theme_;
    SceneRenderer renderer_;
    ScenePicture picture_;
    int surfaces_ = 0;
    double stretch_ = 1;
    QPointF last_, pressedAt_;
    bool moved_ = false, broken_ = false;
};

}  // namespace fovea::ui
