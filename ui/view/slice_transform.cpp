#include "ui/view/slice_transform.h"

#include <algorithm>

namespace fovea::ui {

QPointF SliceTransform::toPixel(QPointF uv) const {
    const PlaneAxes a = axesOf(plane);
    return {(uv.x() - centre[a.u]) * pixelsPerVoxelU() + size.width() / 2,
            (uv.y() - centre[a.v]) * pixelsPerVoxelV() + size.height() / 2};
}

QPointF SliceTransform::toVoxel(QPointF pixel) const {
    const PlaneAxes a = axesOf(plane);
    return {(pixel.x() - size.width() / 2) / pixelsPerVoxelU() + centre[a.u],
            (pixel.y() - size.height() / 2) / pixelsPerVoxelV() + centre[a.v]};
}

Vec3 SliceTransform::toVoxel3(QPointF pixel, std::int64_t slice) const {
    const PlaneAxes a = axesOf(plane);
    const QPointF uv = toVoxel(pixel);
    Vec3 voxel;
    voxel[a.u] = uv.x();
    voxel[a.v] = uv.y();
    voxel[a.n] = double(slice) + 0.5;
    return voxel;
}

QPointF SliceTransform::toPixel(const Vec3& voxel) const {
    const PlaneAxes a = axesOf(plane);
    return toPixel(QPointF(voxel[a.u], voxel[a.v]));
}

QRectF SliceTransform::toPixel(double u0, double v0, double u1, double v1) const {
    return {toPixel(QPointF(u0, v0)), toPixel(QPointF(u1, v1))};
}

double fittingZoom(Plane plane, Index shape, const Vec3& spacing, QSizeF size) {
    const PlaneAxes a = axesOf(plane);
    const double width = double(shape[a.u]) * spacing[a.u], height = double(shape[a.v]) * spacing[a.v];
    if (width <= 0 || height <= 0 || size.isEmpty()) return 1;
    return 0.96 * std::min(size.width() / width, size.height() / height);
}

}  // namespace fovea::ui
