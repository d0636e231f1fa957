#pragma once
#include <QPointF>
#include <Qt>

#include "ui/view/plane.h"

namespace fovea::ui {

// A mouse event of a slice view in voxel coordinates.
struct SliceEvent {
    Plane plane = Plane::XY;
    Vec3 voxel;           // continuous; on the slice axis slice + 0.5
    Index at;             // the voxel under the pointer; may lie outside
    bool inside = false;  // `at` is in the volume
    QPointF pixel;        // logical widget pixels
    double zoom = 1;      // logical pixels per µm
    Qt::MouseButton button = Qt::NoButton;
    Qt::MouseButtons buttons = Qt::NoButton;
    Qt::KeyboardModifiers modifiers = Qt::NoModifier;
};

}  // namespace fovea::ui
