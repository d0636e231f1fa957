#pragma once
#include <QPolygonF>
#include <QString>

#include "segment/prompt_engine.h"
#include "ui/view/plane.h"

namespace fovea::ui {

struct BrushShape {
    double radiusUm = 0.1;
    bool ball = false;  // a ball in µm, else a disc in the slice
};

// What tools may do to the labels. Implemented over EditSession by ui/edit; recorded by tests. All calls come from the
// GUI thread. Voxel positions are continuous (centre of voxel i = i + 0.5), z, y, x.
class EditTarget {
  public:
    virtual ~EditTarget() = default;

    virtual std::int32_t objectAt(Index voxel) const = 0;  // 0 = background
    virtual std::int32_t currentObject() const = 0;        // 0 = none
    virtual bool isFrozen(std::int32_t object) const = 0;

    // Makes the object under the voxel current (pick tool); background does nothing.
    virtual void pick(Index voxel) = 0;
    // The select tool's click: `add` extends the selection. Background clears it.
    virtual void select(Index voxel, bool add) = 0;
    virtual void hover(Index voxel, bool inside) = 0;

    // One stroke = one undo step. `segment` sweeps the brush from `from` to `to` (equal for the first dab).
    virtual void beginStroke(bool erase) = 0;
    virtual void segment(Plane plane, const Vec3& from, const Vec3& to, const BrushShape& brush, bool erase) = 0;
    virtual void endStroke() = 0;

    // Fills the connected background (or other object) region at the voxel with the current object, in this slice or,
    // with `volume`, in 3D inside the object's box.
    virtual void fill(Plane plane, Index voxel, bool volume) = 0;

    // Prompts act on the current object; `run` false collects (Ctrl held) until runPrompts().
    virtual void addPrompt(const segment::PointPrompt& prompt, bool run) = 0;
    // A box around the object in an XY slice, one deep, in place of the one before; what lies outside the volume is
    // cut.
    virtual void addBox(const Box& box, bool run) = 0;
    // The box being drawn; empty: none.
    virtual void outlineBox(const Box& box) = 0;
    // A line drawn around what does or does not belong to the object, in slice `n` of a plane; corners u, v, the last
    // joined with the first.
    virtual void addLasso(Plane plane, std::int64_t n, const QPolygonF& path, bool positive, bool run) = 0;
    // The lasso being drawn; without corners: none.
    virtual void outlineLasso(Plane plane, std::int64_t n, const QPolygonF& path) = 0;
    virtual void runPrompts() = 0;
    virtual void removeLastPrompt() = 0;
    virtual void commitPrompts() = 0;
    virtual void dropPrompts() = 0;

    // A chip at the pointer for 2 s.
    virtual void say(const QString& text) = 0;
};

}  // namespace fovea::ui
