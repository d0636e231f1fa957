#pragma once
#include <QWidget>
#include <memory>

#include "ui/view/slice_event.h"
#include "ui/view/slice_transform.h"
#include "ui/view/view_scene.h"

namespace fovea::ui {

class HudButton;
class Theme;
class TileStore;

// One orthogonal slice. Paints tiles composed on the scene's workers (old tiles stay until new ones are ready) and
// draws cross-hair, prompts, scale bar and chips over them. Wheel = slice (2D: zoom), Ctrl+wheel = the other, middle
// drag or Space + left drag = pan, Shift + move = cross-hair. Other mouse events go out as signals.
class SliceView : public QWidget {
    Q_OBJECT
  public:
    SliceView(Theme& theme, ViewScene& scene, Plane plane, QWidget* parent = nullptr);
    ~SliceView() override;

    Plane plane() const { return plane_; }
    void setPlane(Plane plane);
    SliceTransform transform() const;
    // True once every visible tile shows the present state.
    bool ready() const;
    // While set, left drag pans (Space held, or the pan tool).
    void setPanning(bool panning);
    // The stack bar and scale bar are for large views only; small ones show the title chip alone.
    void setCompact(bool compact);
    // Zooms so that the whole plane is seen, centred.
    void fit();
    // The voxel under the pointer, if the pointer is here.
    bool hasPointer() const { return pointerInside_; }

    QSize sizeHint() const override { return {480, 480}; }
    QSize minimumSizeHint() const override { return {80, 80}; }

  Q_SIGNALS:
    void pressed(const fovea::ui::SliceEvent& event);
    void moved(const fovea::ui::SliceEvent& event);  // hovering too: buttons tells
    void released(const fovea::ui::SliceEvent& event);
    void left();                         // the pointer left the view
    void brushSizeRequested(int steps);  // Shift+wheel
    void maximiseRequested();            // double click
    void voxelSizeRequested();           // the chip that says it is not known
    void contextMenuRequested(const fovea::ui::SliceEvent& event, const QPoint& global);
    void becameReady();

  protected:
    void paintEvent(QPaintEvent*) override;
    void resizeEvent(QResizeEvent*) override;
    void mousePressEvent(QMouseEvent*) override;
    void mouseMoveEvent(QMouseEvent*) override;
    void mouseReleaseEvent(QMouseEvent*) override;
    void mouseDoubleClickEvent(QMouseEvent*) override;
    void wheelEvent(QWheelEvent*) override;
    void enterEvent(QEnterEvent*) override;
    void leaveEvent(QEvent*) override;
    void contextMenuEvent(QContextMenuEvent*) override;

  private:
    SliceEvent eventAt(const QPointF& pixel, Qt::MouseButton button, Qt::MouseButtons buttons,
                       Qt::KeyboardModifiers modifiers) const;
    void zoomAt(const QPointF& pixel, double factor);
    void panBy(const QPointF& delta);
    void describe();
    void placeSizeChip();

    Theme& theme_;
    ViewScene& scene_;
    Plane plane_;
    std::unique_ptr<TileStore> tiles_;
    bool panTool_ = false, dragging_ = false, compact_ = false;
    QPointF lastMouse_;
    bool pointerInside_ = false;
    double wheelRest_ = 0;
    QString message_;
    bool wasReady_ = false;
    HudButton* sizeChip_ = nullptr;
};

}  // namespace fovea::ui
