#pragma once
#include <vtkNew.h>
#include <vtkSmartPointer.h>

#include <QImage>
#include <array>
#include <map>
#include <set>

#include "data/box.h"
#include "ui/view/plane.h"
#include "ui/view/view3d.h"

class vtkActor;
class vtkCamera;
class vtkRenderer;

namespace fovea::ui {

// What View3D draws, as VTK props in µm (x, y, z). Needs no GL context itself. Lives on the drawing thread (see
// scene_renderer.h).
class Scene3D {
  public:
    Scene3D();
    ~Scene3D();

    vtkRenderer* renderer() const;
    vtkCamera* camera() const;
    void setVolume(Index shape, const Vec3& spacing);
    // How much deeper than true a stack is shown: one thinner than a third of its side is stretched towards that, at
    // most three times.
    static double stretchFor(Index shape, const Vec3& spacing);
    void clear();
    void setSurface(std::int32_t id, const SurfaceMesh& mesh, QRgb colour);
    void setSurfaceColour(std::int32_t id, QRgb colour);
    void removeSurface(std::int32_t id);
    int surfaceCount() const { return int(surfaces_.size()); }
    void setSelected(const std::set<std::int32_t>& ids);
    void setSlice(Plane plane, std::int64_t n, const QImage& image);
    void setPlanesVisible(bool visible);
    bool planesVisible() const { return planesVisible_; }
    void setDepthStretch(double factor);
    double depthStretch() const { return stretch_; }
    void setBackground(const QColor& colour, const QColor& box);

    void resetCamera();
    void lookAlong(int axis);
    // Brings the middle of `box` (voxels) to the middle of the picture, seen from where it is seen now; `zoom` also
    // comes so near that the box takes up about a quarter of it.
    void focusOn(const Box& box, bool zoom);
    void turn(double dx, double dy);  // pixels
    void pan(double dx, double dy, double viewHeight);
    void zoom(double factor);
    // The surface under a point of the picture (0…1 from the bottom left); 0 when there is none.
    std::int32_t pick(double x, double y) const;
    // The world axes x, y, z as the camera sees them: right, up, towards the viewer.
    std::array<std::array<double, 3>, 3> axesInView() const;

  private:
    struct Surface {
        vtkSmartPointer<vtkActor> actor;
        QRgb colour = 0;
    };
    void look(std::int32_t id, const Surface& surface);
    void rebuildBox();

    vtkNew<vtkRenderer> renderer_;
    std::map<std::int32_t, Surface> surfaces_;
    std::array<vtkSmartPointer<vtkActor>, 3> planes_;
    vtkSmartPointer<vtkActor> box_;
    std::set<std::int32_t> selected_;
    Index shape_;
    Vec3 spacing_{1, 1, 1};
    double stretch_ = 1, wholeDistance_ = 1;  // of the camera when it sees the whole box, µm
    bool planesVisible_ = true;
    std::array<double, 3> boxColour_{0.6, 0.6, 0.65};
};

}  // namespace fovea::ui
