#include "ui/view/scene3d.h"

#include <vtkActor.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkCellPicker.h>
#include <vtkFloatArray.h>
#include <vtkIdTypeArray.h>
#include <vtkImageData.h>
#include <vtkMath.h>
#include <vtkMatrix4x4.h>
#include <vtkOutlineSource.h>
#include <vtkPlaneSource.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkPolyDataNormals.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkTexture.h>
#include <vtkWindowedSincPolyDataFilter.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace fovea::ui {

namespace {

constexpr double planeOpacity = 0.62, restOpacity = 0.45;
constexpr double nearest = 0.15;  // of the distance that shows the whole box: around a small object there is something

vtkSmartPointer<vtkPolyData> polyData(const SurfaceMesh& mesh) {
    vtkNew<vtkFloatArray> coordinates;
    coordinates->SetNumberOfComponents(3);
    coordinates->SetNumberOfTuples(vtkIdType(mesh.vertices.size() / 3));
    std::memcpy(coordinates->GetPointer(0), mesh.vertices.data(), mesh.vertices.size() / 3 * 3 * sizeof(float));
    vtkNew<vtkPoints> points;
    points->SetData(coordinates);
    vtkNew<vtkIdTypeArray> connectivity, offsets;
    const std::size_t count = mesh.triangles.size() / 3, vertices = mesh.vertices.size() / 3;
    connectivity->SetNumberOfValues(vtkIdType(count * 3));
    offsets->SetNumberOfValues(vtkIdType(count + 1));
    for (std::size_t i = 0; i <= count; ++i) offsets->SetValue(vtkIdType(i), vtkIdType(3 * i));
    for (std::size_t i = 0; i < count * 3; ++i)
        connectivity->SetValue(vtkIdType(i), vtkIdType(std::min<std::size_t>(mesh.triangles[i], vertices - 1)));
    vtkNew<vtkCellArray> cells;
    cells->SetData(offsets, connectivity);
    auto data = vtkSmartPointer<vtkPolyData>::New();
    data->SetPoints(points);
    data->SetPolys(cells);
    return data;
}

vtkSmartPointer<vtkTexture> textureOf(const QImage& image) {
    const QImage rgb = image.convertToFormat(QImage::Format_RGB888);
    vtkNew<vtkImageData> data;
    data->SetDimensions(rgb.width(), rgb.height(), 1);
    data->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
    for (int y = 0; y < rgb.height(); ++y)
        std::memcpy(data->GetScalarPointer(0, y, 0), rgb.constScanLine(y), std::size_t(rgb.width()) * 3);
    auto texture = vtkSmartPointer<vtkTexture>::New();
    texture->SetInputData(data);
    texture->InterpolateOn();
    return texture;
}

}  // namespace

Scene3D::Scene3D() {
    renderer_->SetTwoSidedLighting(true);
    renderer_->GetActiveCamera()->SetViewAngle(25);
}

Scene3D::~Scene3D() = default;

vtkRenderer* Scene3D::renderer() const { return renderer_; }
vtkCamera* Scene3D::camera() const { return renderer_->GetActiveCamera(); }

void Scene3D::setBackground(const QColor& colour, const QColor& box) {
    renderer_->SetBackground(colour.redF(), colour.greenF(), colour.blueF());
    boxColour_ = {box.redF(), box.greenF(), box.blueF()};
    if (box_) box_->GetProperty()->SetColor(boxColour_.data());
}

void Scene3D::setVolume(Index shape, const Vec3& spacing) {
    clear();
    shape_ = shape;
    spacing_ = spacing;
    stretch_ = stretchFor(shape, spacing);
    rebuildBox();
    resetCamera();
}

double Scene3D::stretchFor(Index shape, const Vec3& spacing) {
    const double depth = double(shape.z) * spacing.z;
    const double side = std::max(double(shape.y) * spacing.y, double(shape.x) * spacing.x);
    const double stretch = depth > 0 ? std::clamp(side / 3 / depth, 1.0, 3.0) : 1;
    return stretch < 1.05 ? 1 : stretch;
}

void Scene3D::clear() {
    renderer_->RemoveAllViewProps();
    surfaces_.clear();
    planes_ = {};
    box_ = nullptr;
    selected_.clear();
    shape_ = {};
}

void Scene3D::rebuildBox() {
    if (box_) renderer_->RemoveActor(box_);
    vtkNew<vtkOutlineSource> outline;
    outline->SetBounds(0, double(shape_.x) * spacing_.x, 0, double(shape_.y) * spacing_.y, 0,
                       double(shape_.z) * spacing_.z);
    vtkNew<vtkPolyDataMapper> mapper;
    mapper->SetInputConnection(outline->GetOutputPort());
    box_ = vtkSmartPointer<vtkActor>::New();
    box_->SetMapper(mapper);
    box_->GetProperty()->SetColor(boxColour_.data());
    box_->GetProperty()->LightingOff();
    box_->GetProperty()->SetOpacity(0.8);
    box_->PickableOff();
    box_->SetScale(1, 1, stretch_);
    renderer_->AddActor(box_);
}

void Scene3D::setSurface(std::int32_t id, const SurfaceMesh& mesh, QRgb colour) {
    removeSurface(id);
    if (mesh.vertices.size() < 9 || mesh.triangles.size() < 3) return;
    // Smoothed for looking at only: the mesh handed in stays what it is.
    vtkNew<vtkWindowedSincPolyDataFilter> smooth;
    smooth->SetInputData(polyData(mesh));
    smooth->SetNumberOfIterations(15);
    smooth->SetPassBand(0.05);
    smooth->NonManifoldSmoothingOn();
    smooth->NormalizeCoordinatesOn();
    vtkNew<vtkPolyDataNormals> normals;
    normals->SetInputConnection(smooth->GetOutputPort());
    normals->SplittingOff();
    normals->ConsistencyOff();
    normals->Update();
    vtkNew<vtkPolyDataMapper> mapper;
    mapper->SetInputData(normals->GetOutput());
    mapper->ScalarVisibilityOff();
    Surface surface{vtkSmartPointer<vtkActor>::New(), colour};
    surface.actor->SetMapper(mapper);
    surface.actor->SetScale(1, 1, stretch_);
    auto* property = surface.actor->GetProperty();
    property->SetInterpolationToPhong();
    property->SetAmbient(0.22);
    property->SetDiffuse(0.75);
    property->SetSpecular(0.18);
    property->SetSpecularPower(24);
    renderer_->AddActor(surface.actor);
    look(id, surface);
    surfaces_[id] = std::move(surface);
}

void Scene3D::look(std::int32_t id, const Surface& surface) {
    auto* property = surface.actor->GetProperty();
    property->SetColor(qRed(surface.colour) / 255.0, qGreen(surface.colour) / 255.0, qBlue(surface.colour) / 255.0);
    property->SetOpacity(selected_.empty() || selected_.count(id) ? 1.0 : restOpacity);
}

void Scene3D::setSurfaceColour(std::int32_t id, QRgb colour) {
    const auto found = surfaces_.find(id);
    if (found == surfaces_.end()) return;
    found->second.colour = colour;
    look(id, found->second);
}

void Scene3D::removeSurface(std::int32_t id) {
    const auto found = surfaces_.find(id);
    if (found == surfaces_.end()) return;
    renderer_->RemoveActor(found->second.actor);
    surfaces_.erase(found);
}

void Scene3D::setSelected(const std::set<std::int32_t>& ids) {
    selected_ = ids;
    // A selection without any surface here must not fade everything.
    const bool any = std::any_of(ids.begin(), ids.end(), [this](std::int32_t id) { return surfaces_.count(id) > 0; });
    if (!any) selected_.clear();
    for (const auto& [id, surface] : surfaces_) look(id, surface);
}

void Scene3D::setSlice(Plane plane, std::int64_t n, const QImage& image) {
    auto& actor = planes_[std::size_t(plane)];
    if (image.isNull()) {
        if (actor) renderer_->RemoveActor(actor);
        actor = nullptr;
        return;
    }
    const double width = double(shape_.x) * spacing_.x, height = double(shape_.y) * spacing_.y,
                 depth = double(shape_.z) * spacing_.z;
    const double at = (double(n) + 0.5) * spacing_[axesOf(plane).n];
    vtkNew<vtkPlaneSource> source;
    // Texture rows start at v = 0, which is the plane's origin corner.
    if (plane == Plane::XY) {
        source->SetOrigin(0, 0, at), source->SetPoint1(width, 0, at), source->SetPoint2(0, height, at);
    } else if (plane == Plane::XZ) {
        source->SetOrigin(0, at, 0), source->SetPoint1(width, at, 0), source->SetPoint2(0, at, depth);
    } else {
        source->SetOrigin(at, 0, 0), source->SetPoint1(at, 0, depth), source->SetPoint2(at, height, 0);
    }
    vtkNew<vtkPolyDataMapper> mapper;
    mapper->SetInputConnection(source->GetOutputPort());
    if (!actor) {
        actor = vtkSmartPointer<vtkActor>::New();
        actor->GetProperty()->LightingOff();
        actor->GetProperty()->SetOpacity(planeOpacity);
        actor->ForceTranslucentOn();
        actor->PickableOff();
        renderer_->AddActor(actor);
    }
    actor->SetScale(1, 1, stretch_);
    actor->SetMapper(mapper);
    actor->SetTexture(textureOf(image));
    actor->SetVisibility(planesVisible_);
}

void Scene3D::setPlanesVisible(bool visible) {
    planesVisible_ = visible;
    for (const auto& plane : planes_)
        if (plane) plane->SetVisibility(visible);
}

void Scene3D::setDepthStretch(double factor) {
    stretch_ = std::clamp(factor, 0.2, 10.0);
    for (const auto& [id, surface] : surfaces_) surface.actor->SetScale(1, 1, stretch_);
    for (const auto& plane : planes_)
        if (plane) plane->SetScale(1, 1, stretch_);
    if (box_) box_->SetScale(1, 1, stretch_);
}

void Scene3D::resetCamera() {
    if (shape_.count() <= 0) return;
    const double x = double(shape_.x) * spacing_.x, y = double(shape_.y) * spacing_.y,
                 z = double(shape_.z) * spacing_.z * stretch_;
    const double size = std::max({x, y, z});
    // From the front, above and a little to the right; image y runs down, so "up" is −z towards the first section.
    camera()->SetFocalPoint(x / 2, y / 2, z / 2);
    camera()->SetPosition(x / 2 + 0.55 * size, y / 2 + 1.6 * size, z / 2 - 1.5 * size);
    camera()->SetViewUp(0, 0, -1);
    renderer_->ResetCamera(0, x, 0, y, 0, z);
    camera()->Dolly(1.15);
    wholeDistance_ = camera()->GetDistance();
    renderer_->ResetCameraClippingRange();
}

void Scene3D::lookAlong(int axis) {
    if (shape_.count() <= 0) return;
    const Vec3 middle{double(shape_.z) * spacing_.z * stretch_ / 2, double(shape_.y) * spacing_.y / 2,
                      double(shape_.x) * spacing_.x / 2};
    const double far = 4 * std::max({middle.z, middle.y, middle.x});
    Vec3 from = middle;
    from[axis] -= far;
    camera()->SetFocalPoint(middle.x, middle.y, middle.z);
    camera()->SetPosition(from.x, from.y, from.z);
    // As the slice views show it: y (or z) down.
    if (axis == 1)
        camera()->SetViewUp(0, 0, -1);
    else
        camera()->SetViewUp(0, -1, 0);
    renderer_->ResetCamera(0, 2 * middle.x, 0, 2 * middle.y, 0, 2 * middle.z);
}

void Scene3D::focusOn(const Box& box, bool zoom) {
    if (shape_.count() <= 0 || box.empty()) return;
    const Index n = box.extent();
    const Vec3 size{double(n.z) * spacing_.z * stretch_, double(n.y) * spacing_.y, double(n.x) * spacing_.x};
    const double middle[3] = {(double(box.begin.x) + double(n.x) / 2) * spacing_.x,
                              (double(box.begin.y) + double(n.y) / 2) * spacing_.y,
                              (double(box.begin.z) + double(n.z) / 2) * spacing_.z * stretch_};
    double position[3], focal[3];
    camera()->GetPosition(position);
    camera()->GetFocalPoint(focal);
    double factor = 1;
    if (zoom) {
        const double half = std::tan(vtkMath::RadiansFromDegrees(camera()->GetViewAngle()) / 2);
        const double near = 2.2 * std::max({size.z, size.y, size.x}) / half;
        factor = std::clamp(near, nearest * wholeDistance_, wholeDistance_) / std::max(camera()->GetDistance(), 1e-9);
    }
    for (int i = 0; i < 3; ++i) position[i] = middle[i] + (position[i] - focal[i]) * factor;
    camera()->SetFocalPoint(middle);
    camera()->SetPosition(position);
    renderer_->ResetCameraClippingRange();
}

void Scene3D::turn(double dx, double dy) {
    camera()->Azimuth(-dx * 0.4);
    camera()->Elevation(dy * 0.4);
    camera()->OrthogonalizeViewUp();
    renderer_->ResetCameraClippingRange();
}

void Scene3D::pan(double dx, double dy, double viewHeight) {
    double position[3], focal[3], up[3], right[3];
    camera()->GetPosition(position);
    camera()->GetFocalPoint(focal);
    camera()->GetViewUp(up);
    const double toward[3] = {focal[0] - position[0], focal[1] - position[1], focal[2] - position[2]};
    vtkMath::Cross(toward, up, right);
    vtkMath::Normalize(right);
    const double perPixel =
        2 * camera()->GetDistance() * std::tan(vtkMath::RadiansFromDegrees(camera()->GetViewAngle()) / 2) / viewHeight;
    for (int i = 0; i < 3; ++i) {
        const double shift = (-dx * right[i] + dy * up[i]) * perPixel;
        position[i] += shift;
        focal[i] += shift;
    }
    camera()->SetPosition(position);
    camera()->SetFocalPoint(focal);
    renderer_->ResetCameraClippingRange();
}

void Scene3D::zoom(double factor) {
    camera()->Dolly(factor);
    renderer_->ResetCameraClippingRange();
}

std::int32_t Scene3D::pick(double x, double y) const {
    vtkNew<vtkCellPicker> picker;
    picker->SetTolerance(0);
    const int* size = renderer_->GetSize();
    if (!picker->Pick(x * size[0], y * size[1], 0, renderer_)) return 0;
    for (const auto& [id, surface] : surfaces_)
        if (surface.actor.Get() == picker->GetActor()) return id;
    return 0;
}

std::array<std::array<double, 3>, 3> Scene3D::axesInView() const {
    const vtkMatrix4x4* view = camera()->GetViewTransformMatrix();
    std::array<std::array<double, 3>, 3> axes;
    for (int axis = 0; axis < 3; ++axis)
        for (int row = 0; row < 3; ++row) axes[std::size_t(axis)][std::size_t(row)] = view->GetElement(row, axis);
    return axes;
}

}  // namespace fovea::ui
