#pragma once
#include <cstdint>

#include "data/box.h"

namespace fovea::infer {

// The parts of a section that an image encoder sees one by one, as micro-sam divides it (spec models.md 3.5): blocks of
// `tile` pixels from the origin, the last ones cut, each seen with `halo` more on every side where the section goes on.
// Numbered row by row. Boxes are one section deep.
struct TileGrid {
    std::int64_t height = 0, width = 0;  // of the section
    std::int64_t tile = 0;               // 0 = the section as a whole
    std::int64_t halo = 0;

    // Whole up to 1,024 pixels a side; beyond, tiles that with their halo are as large.
    static TileGrid of(std::int64_t height, std::int64_t width);

    bool tiled() const { return tile > 0; }
    std::int64_t rows() const { return tiled() ? (height + tile - 1) / tile : 1; }
    std::int64_t columns() const { return tiled() ? (width + tile - 1) / tile : 1; }
    std::int64_t count() const { return rows() * columns(); }
    // The tile with this pixel; of a pixel outside, the nearest one.
    std::int64_t at(std::int64_t y, std::int64_t x) const;
    Box inner(std::int64_t number) const;
    Box outer(std::int64_t number) const;  // with the halo
};

}  // namespace fovea::infer
