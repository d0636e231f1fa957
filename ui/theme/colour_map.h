#pragma once
#include <QColor>
#include <QStringList>
#include <array>

namespace fovea::ui {

// Names in menu order: "grey", "magma", "viridis", "cyan", "magenta", "yellow", "green" (resources/colour_maps.json).
QStringList colourMapNames();
// 256 opaque colours from low to high. An unknown name gives grey.
std::array<QRgb, 256> colourMap(const QString& name);

}  // namespace fovea::ui
