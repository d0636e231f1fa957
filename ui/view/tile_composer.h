#pragma once
#include <QImage>
#include <QRect>
#include <array>
#include <memory>

#include "ui/view/label_look.h"
#include "ui/view/plane.h"

namespace fovea::ui {

// All that decides how a tile looks, frozen when it was asked for.
struct TileStyle {
    ImagePtr image;
    int channel = 0;
    LabelReader labels;  // may be empty
    std::shared_ptr<const LabelLook> look;
    Contrast contrast;
    std::array<QRgb, 256> ramp{};  // the map with gamma and invert applied, see makeRamp
    double imageOpacity = 1;       // over black, 0 = black where the image is
    ImagePtr prediction;           // 0…255: how sure the model is of an object; null: not shown
    QRgb predictionColour = 0xffff8a4c;
    double predictionOpacity = 0.6;  // where the model is certain
    std::shared_ptr<const PreviewMask> preview;
    double previewOpacity = 1;        // of its fill, outline and hatching
    QRgb removedColour = 0xffff8a4c;  // of the hatching
};

std::array<QRgb, 256> makeRamp(const Contrast& contrast);

// A rectangle of a plane drawn at a zoom. `pixels` counts device pixels from the plane's voxel (0, 0).
struct TileRequest {
    Plane plane = Plane::XY;
    std::int64_t slice = 0;
    QRect pixels;
    double perVoxelU = 1, perVoxelV = 1;  // device pixels per voxel
    double devicePixelRatio = 1;          // outlines are this much thicker
};

// Pure: reads the image (from the level that fits the zoom) and labels, gives ARGB32_Premultiplied, transparent outside
// the volume. Image values: nearest from 4 pixels per voxel, linear below, averaged when shrunk, for each axis by
// itself; labels always nearest. Thread: any. Throws what the sources throw.
QImage composeTile(const TileStyle& style, const TileRequest& request);

}  // namespace fovea::ui
