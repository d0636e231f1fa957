#pragma once
#include <QImage>

#include "ui/view/tile_composer.h"

namespace fovea::ui {

// Draws fills, outlines, halos and the preview of `style` over a tile that already shows the image. Part of
// composeTile.
void paintLabels(const TileStyle& style, const TileRequest& request, QImage& tile);

}  // namespace fovea::ui
