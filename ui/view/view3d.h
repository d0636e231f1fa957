#pragma once
#include <QImage>
#include <QWidget>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "data/box.h"
#include "ui/view/plane.h"
#include "ui/view/scene_renderer.h"

namespace fovea::ui {

class Theme;

// A closed surface in µm.
struct SurfaceMesh {
    std::vector<float> vertices;           // x, y, z, x, y, z, …
    std::vector<std::uint32_t> triangles;  // three vertex indices each
};

// True when an OpenGL context can be made here (false on the offscreen platform). Asked once.
bool openGlWorks();
// What VTK needs of every context: a core profile with a depth buffer. Call it before QApplication is made.
void chooseOpenGl();

// Surfaces, slice planes and the outline box in 3D (VTK). Without OpenGL a plain sentence stands in its place and
// everything else keeps working. Drawn on a thread of its own (scene_renderer.h). Left drag turns, Shift + left drag
// pans, wheel zooms, click selects. GUI thread only.
class View3D : public QWidget {
    Q_OBJECT
  public:
    explicit View3D(Theme& theme, QWidget* parent = nullptr);
    ~View3D() override;

    // Empties the view and sets its box. Thin stacks are stretched in depth for display (chip "depth × 1.7").
    void setVolume(Index shape, const Vec3& spacing);
    void clear();
    // Adds or replaces the surface of an object.
    void setSurface(std::int32_t id, SurfaceMesh mesh, QRgb colour);
    void setSurfaceColour(std::int32_t id, QRgb colour);
    void removeSurface(std::int32_t id);
    int surfaceCount() const;
    // Selected ones in full colour, the others at 45 % opacity; none selected: all full.
    void setSelected(const std::set<std::int32_t>& ids);
    // The texture of a slice plane (u right, v down) at slice n; null image removes it.
    void setSlice(Plane plane, std::int64_t n, const QImage& image);
    void setPlanesVisible(bool visible);
    bool planesVisible() const;
    double depthStretch() const;
    void setDepthStretch(double factor);
    void resetCamera();
    void lookAlong(int axis);  // 0 z, 1 y, 2 x
    // The object in this box (voxels) in the middle, seen from where it is seen now; `zoom` also comes near.
    void focusOn(const Box& box, bool zoom);
    QImage picture() const;    // as last drawn, without chips; null when nothing was
    bool ready() const;        // shows everything asked for
    DrawingCost cost() const;  // of drawing, on its own thread
    QSize sizeHint() const override { return {360, 360}; }

  Q_SIGNALS:
    void picked(std::int32_t id);  // a click on a surface
    void maximiseRequested();      // double click

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::ui
