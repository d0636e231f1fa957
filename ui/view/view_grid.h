#pragma once
#include <QWidget>
#include <array>

#include "ui/view/slice_event.h"
#include "ui/view/view_scene.h"

class QSplitter;
class QTimer;

namespace fovea::ui {

class SliceView;
class Theme;
class View3D;

// Grid: XY, YZ / XZ, 3D at 60 : 40. Thin: a large XY with the others stacked small on the right (stacks under 40
// sections). Slice: XY alone. SliceAnd3D, Only3D as they say.
enum class ViewLayout { Grid, Thin, Slice, SliceAnd3D, Only3D };

// The views of one scene, linked. The slice planes of the 3D view follow the slices.
class ViewGrid : public QWidget {
    Q_OBJECT
  public:
    ViewGrid(Theme& theme, ViewScene& scene, QWidget* parent = nullptr);  // the scene outlives the grid
    ~ViewGrid() override;

    SliceView& view(Plane plane) { return *views_[std::size_t(plane)]; }
    View3D& view3d() { return *view3d_; }
    ViewScene& scene() { return scene_; }
    ViewLayout layout() const { return layout_; }
    void setLayout(ViewLayout layout);
    // What fits this volume: one slice for 2D, Thin under 40 sections, else Grid.
    void setLayoutFor(Index shape);
    // One view large, and back (null: back).
    void toggleMaximised(QWidget* view);
    // The slice view under the pointer, else XY.
    SliceView& activeView();
    // All views show their whole plane.
    void resetViews();
    void setPanning(bool panning);
    bool ready() const;

  Q_SIGNALS:
    // The events of all three slice views.
    void pressed(const fovea::ui::SliceEvent& event);
    void moved(const fovea::ui::SliceEvent& event);
    void released(const fovea::ui::SliceEvent& event);
    void left();
    void brushSizeRequested(int steps);
    void contextMenuRequested(const fovea::ui::SliceEvent& event, const QPoint& global);
    void objectPicked(std::int32_t id);  // in 3D
    void voxelSizeRequested();
    void layoutChanged();

  protected:
    void showEvent(QShowEvent*) override;

  private:
    void showImage();
    void fitSoon();
    void arrange();
    void updatePlanes();

    Theme& theme_;
    ViewScene& scene_;
    ViewLayout layout_ = ViewLayout::Grid;
    std::array<SliceView*, 3> views_{};
    View3D* view3d_ = nullptr;
    QSplitter *columns_ = nullptr, *leftColumn_ = nullptr, *rightColumn_ = nullptr;
    QWidget* maximised_ = nullptr;
    QTimer* planes_ = nullptr;
    std::optional<double> unfitted_;  // the zoom a new volume came with
};

}  // namespace fovea::ui
