#pragma once
#include <QPointF>

#include "data/box.h"

namespace fovea::ui {

// The three orthogonal slice planes. XY: x right, y down. XZ: x right, z down. YZ: z right, y down (so that y lines up
// with XY).
enum class Plane { XY, XZ, YZ };

// Axes as indices into z, y, x: u runs right, v down, n is the slice number.
struct PlaneAxes {
    int u, v, n;
};
constexpr PlaneAxes axesOf(Plane plane) {
    return plane == Plane::XY ? PlaneAxes{2, 1, 0} : plane == Plane::XZ ? PlaneAxes{2, 0, 1} : PlaneAxes{0, 1, 2};
}
constexpr const char* name(Plane plane) { return plane == Plane::XY ? "XY" : plane == Plane::XZ ? "XZ" : "YZ"; }

// A box one slice thick: [u0, u1) × [v0, v1) of slice n.
inline Box sliceBox(Plane plane, std::int64_t n, std::int64_t u0, std::int64_t u1, std::int64_t v0, std::int64_t v1) {
    const PlaneAxes a = axesOf(plane);
    Box box;
    box.begin[a.u] = u0, box.end[a.u] = u1;
    box.begin[a.v] = v0, box.end[a.v] = v1;
    box.begin[a.n] = n, box.end[a.n] = n + 1;
    return box;
}

}  // namespace fovea::ui
