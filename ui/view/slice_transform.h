#pragma once
#include <QPointF>
#include <QRectF>
#include <QSizeF>

#include "ui/view/plane.h"

namespace fovea::ui {

// Voxels ↔ widget pixels of one plane. Voxel coordinates are continuous: voxel i covers [i, i + 1), its centre is i +
// 0.5. `zoom` is logical pixels per µm, so that voxels keep their true proportions.
struct SliceTransform {
    Plane plane = Plane::XY;
    Vec3 spacing{1, 1, 1};  // µm
    Vec3 centre{0, 0, 0};   // voxel coordinates shown in the middle of the widget
    double zoom = 1;
    QSizeF size;  // of the widget, logical pixels

    double pixelsPerVoxelU() const { return zoom * spacing[axesOf(plane).u]; }
    double pixelsPerVoxelV() const { return zoom * spacing[axesOf(plane).v]; }
    QPointF toPixel(QPointF uv) const;
    QPointF toVoxel(QPointF pixel) const;
    // Full voxel coordinate under a pixel; the n axis is `slice` + 0.5.
    Vec3 toVoxel3(QPointF pixel, std::int64_t slice) const;
    QPointF toPixel(const Vec3& voxel) const;
    // Pixel rectangle of [u0, u1) × [v0, v1).
    QRectF toPixel(double u0, double v0, double u1, double v1) const;
};

// The zoom at which a volume fills `size` (with a margin of 4 %) in this plane.
double fittingZoom(Plane plane, Index shape, const Vec3& spacing, QSizeF size);

}  // namespace fovea::ui
