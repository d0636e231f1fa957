#pragma once
#include <QPointF>
#include <QString>
#include <QVector>

#include "ui/view/hud.h"
#include "ui/view/slice_transform.h"
#include "ui/view/view_scene.h"

class QPainter;

namespace fovea::ui {

class Theme;

// What is drawn over the tiles of a slice view, each by one function.
struct SliceOverlay {
    const Theme& theme;
    const ViewScene& scene;
    SliceTransform transform;

    void focusBox(QPainter& painter) const;
    void crosshair(QPainter& painter) const;
    void promptBox(QPainter& painter) const;
    void lasso(QPainter& painter) const;
    void prompts(QPainter& painter) const;
    void reading(QPainter& painter) const;
    void badge(QPainter& painter) const;
    void brush(QPainter& painter, QPointF pointer) const;
    void title(QPainter& painter, bool compact) const;
    void scaleBar(QPainter& painter) const;
    void stackBar(QPainter& painter) const;
    void pointerMessage(QPainter& painter, QPointF pointer, const QString& text) const;
    void problem(QPainter& painter, const QString& text) const;

    // "Reading this slice… 0.4 s", with a ring where it is known how long that takes; empty when none is read, or not
    // here, or not for long enough to be worth saying.
    QVector<HudPart> readingParts() const;

  private:
    void chipBeside(QPainter& painter, QPointF point, const QVector<HudPart>& parts) const;
    std::int64_t slice() const { return scene.slice(transform.plane); }
};

// "voxels drawn at true size, z 10.9 × x": empty when the voxels of this plane are nearly square.
QString proportionText(Plane plane, const Vec3& spacing);

}  // namespace fovea::ui
