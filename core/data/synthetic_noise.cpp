#include "data/synthetic_noise.h"

namespace fovea::synthetic {

namespace {

struct Place {
    std::int64_t node;
    double blend;
};

Place place(double at, double grid) {
    const double cell = std::floor(at / grid);
    return {std::int64_t(cell), smoothStep(at / grid - cell)};
}

double mix(double a, double b, double t) { return a + (b - a) * t; }

}  // namespace

double SmoothNoise::at(double z, double y, double x) const {
    const Place pz = place(z, grid_.z), py = place(y, grid_.y), px = place(x, grid_.x);
    double corner[2][2];
    for (int j = 0; j < 2; ++j)
        for (int i = 0; i < 2; ++i)
            corner[j][i] =
                mix(node(pz.node, py.node + j, px.node + i), node(pz.node + 1, py.node + j, px.node + i), pz.blend);
    return mix(mix(corner[0][0], corner[0][1], px.blend), mix(corner[1][0], corner[1][1], px.blend), py.blend);
}

std::vector<float> SmoothNoise::section(double z, std::int64_t height, std::int64_t width) const {
    const Place pz = place(z, grid_.z);
    const std::int64_t columns = std::int64_t(double(width) / grid_.x) + 2;
    const auto nodes = [&](std::int64_t y) {
        std::vector<double> row(std::size_t(columns) + 1);
        for (std::int64_t x = 0; x <= columns; ++x)
            row[std::size_t(x)] = mix(node(pz.node, y, x), node(pz.node + 1, y, x), pz.blend);
        return row;
    };
    std::vector<Place> across;
    for (std::int64_t x = 0; x < width; ++x) across.push_back(place(double(x), grid_.x));
    std::vector<float> values;
    values.reserve(std::size_t(height * width));
    std::vector<double> above = nodes(0), below = nodes(1);
    std::int64_t row = 0;
    for (std::int64_t y = 0; y < height; ++y) {
        const Place py = place(double(y), grid_.y);
        for (; row < py.node; ++row) {
            above = std::move(below);
            below = nodes(row + 2);
        }
        for (std::int64_t x = 0; x < width; ++x) {
            const auto [node, blend] = across[std::size_t(x)];
            const std::size_t at = std::size_t(node);
            values.push_back(
                float(mix(mix(above[at], above[at + 1], blend), mix(below[at], below[at + 1], blend), py.blend)));
        }
    }
    return values;
}

}  // namespace fovea::synthetic
