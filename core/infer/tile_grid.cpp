#include "infer/tile_grid.h"

#include <algorithm>

namespace fovea::infer {

namespace {

constexpr std::int64_t mostWhole = 1024, usualTile = 768, usualHalo = 128;

}  // namespace

TileGrid TileGrid::of(std::int64_t height, std::int64_t width) {
    if (std::max(height, width) <= mostWhole) return {height, width, 0, 0};
    return {height, width, usualTile, usualHalo};
}

std::int64_t TileGrid::at(std::int64_t y, std::int64_t x) const {
    if (!tiled()) return 0;
    const std::int64_t row = std::clamp<std::int64_t>(y, 0, height - 1) / tile;
    return row * columns() + std::clamp<std::int64_t>(x, 0, width - 1) / tile;
}

Box TileGrid::inner(std::int64_t number) const {
    const Box section{{0, 0, 0}, {1, height, width}};
    if (!tiled()) return section;
    const Index begin{0, number / columns() * tile, number % columns() * tile};
    return Box{begin, begin + Index{1, tile, tile}}.intersected(section);
}

Box TileGrid::outer(std::int64_t number) const {
    return inner(number).grown({0, halo, halo}).intersected({{0, 0, 0}, {1, height, width}});
}

}  // namespace fovea::infer
