#include "data/synthetic_tissue.h"

#include <algorithm>
#include <limits>
#include <numbers>

namespace fovea::synthetic {

namespace {

constexpr double seedSpacing = 80;  // pixels
constexpr double unitedShare = 0.36;

}  // namespace

Cells::Cells(std::uint64_t seed)
    : seed_(seed),
      bendY_(seed + 11, {9, 70, 70}),
      bendX_(seed + 12, {9, 70, 70}),
      fineY_(seed + 13, {3, 22, 22}),
      fineX_(seed + 14, {3, 22, 22}) {}

Cells::Seed Cells::seedAt(double z, std::int64_t row, std::int64_t column) const {
    const auto random = [&](int which) { return hash01(seed_ + std::uint64_t(which), row, column); };
    const double turn = 2 * std::numbers::pi;
    // Slow circles of their own phase: seeds pass one another, cells grow, shrink and shift.
    const double phase = turn * random(1), pace = turn / (26 + 30 * random(2)) * (random(3) < 0.5 ? -1 : 1);
    const double reach = 0.10 + 0.22 * random(4);
    Seed seed;
    seed.y = (double(row) + 0.22 + 0.56 * random(5) + reach * std::sin(phase + pace * z)) * seedSpacing;
    seed.x = (double(column) + 0.22 + 0.56 * random(6) + reach * std::cos(phase + pace * z)) * seedSpacing;
    seed.weight = (random(7) - 0.5) * 0.5 * seedSpacing * seedSpacing;
    const double unite = random(8);  // the seed may belong to the cell on its right or below
    const std::int64_t r = row + (unite >= unitedShare / 2 && unite < unitedShare),
                       c = column + (unite < unitedShare / 2);
    seed.cell = (r << 32) ^ (c & 0xFFFFFFFF);
    return seed;
}

// The two nearest seeds of different cells among the 25 around. The border lies where their (weighted) squared
// distances are equal; the difference over twice the distance between the seeds is the distance to it.
template <class SeedOf>
Cells::Here Cells::nearest(double y, double x, SeedOf&& seedOf) const {
    const std::int64_t row = std::int64_t(std::floor(y / seedSpacing)),
                       column = std::int64_t(std::floor(x / seedSpacing));
    double best = std::numeric_limits<double>::max(), second = best;
    Seed bestSeed{}, secondSeed{};
    for (std::int64_t r = row - 2; r <= row + 2; ++r)
        for (std::int64_t c = column - 2; c <= column + 2; ++c) {
            const Seed& seed = seedOf(r, c);
            const double dy = seed.y - y, dx = seed.x - x;
            const double d = dy * dy + dx * dx - seed.weight;
            if (d < best) {
                if (seed.cell != bestSeed.cell || best == std::numeric_limits<double>::max()) {
                    second = best;
                    secondSeed = bestSeed;
                }
                best = d;
                bestSeed = seed;
            } else if (d < second && seed.cell != bestSeed.cell) {
                second = d;
                secondSeed = seed;
            }
        }
    const double between = std::hypot(bestSeed.y - secondSeed.y, bestSeed.x - secondSeed.x);
    return {bestSeed.cell, (second - best) / (2 * std::max(between, 0.4 * seedSpacing))};
}

Cells::Here Cells::at(double z, double y, double x) const {
    const double wy = y + 26 * bendY_.at(z, y, x) + 5 * fineY_.at(z, y, x);
    const double wx = x + 26 * bendX_.at(z, y, x) + 5 * fineX_.at(z, y, x);
    Seed seed{};
    return nearest(wy, wx, [&](std::int64_t r, std::int64_t c) -> const Seed& { return seed = seedAt(z, r, c); });
}

std::vector<Cells::Here> Cells::section(double z, std::int64_t height, std::int64_t width) const {
    const auto by = bendY_.section(z, height, width), bx = bendX_.section(z, height, width);
    const auto fy = fineY_.section(z, height, width), fx = fineX_.section(z, height, width);
    // Seeds of all rows and columns that a bent place may look at.
    const std::int64_t first = -4, rows = std::int64_t(double(height) / seedSpacing) + 9,
                       columns = std::int64_t(double(width) / seedSpacing) + 9;
    std::vector<Seed> seeds;
    for (std::int64_t r = first; r < first + rows; ++r)
        for (std::int64_t c = first; c < first + columns; ++c) seeds.push_back(seedAt(z, r, c));
    const auto seedOf = [&](std::int64_t r, std::int64_t c) -> const Seed& {
        return seeds[std::size_t((r - first) * columns + c - first)];
    };
    std::vector<Here> all(std::size_t(height * width));
    for (std::int64_t y = 0, i = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x, ++i) {
            const std::size_t at = std::size_t(i);
            all[at] = nearest(double(y) + 26 * double(by[at]) + 5 * double(fy[at]),
                              double(x) + 26 * double(bx[at]) + 5 * double(fx[at]), seedOf);
        }
    return all;
}

std::array<double, 2> Cells::drift(double z, double y, double x) const {
    const Seed seed = seedAt(z, std::int64_t(std::floor(y / seedSpacing)), std::int64_t(std::floor(x / seedSpacing)));
    return {seed.y, seed.x};
}

Mitochondrion::Distance Mitochondrion::distance(double z, double y, double x) const {
    Distance best{std::numeric_limits<double>::max(), 0};
    double passed = 0;
    for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
        const Node &a = nodes[i], &b = nodes[i + 1];
        const double ez = b.z - a.z, ey = b.y - a.y, ex = b.x - a.x;
        const double length2 = ez * ez + ey * ey + ex * ex;
        const double t = clamp01(((z - a.z) * ez + (y - a.y) * ey + (x - a.x) * ex) / length2);
        const double dz = a.z + t * ez - z, dy = a.y + t * ey - y, dx = a.x + t * ex - x;
        const double d = std::sqrt(dz * dz + dy * dy + dx * dx) - (a.radius + t * (b.radius - a.radius));
        const double length = std::sqrt(length2);
        if (d < best.value) best = {d, passed + t * length};
        passed += length;
    }
    return best;
}

Box Mitochondrion::box(Index extent, double margin) const {
    Box box;
    for (const Node& node : nodes) {
        const double r = node.radius + margin;
        box = box.united({{std::int64_t(std::floor((node.z - r) / sectionPixels)), std::int64_t(std::floor(node.y - r)),
                           std::int64_t(std::floor(node.x - r))},
                          {std::int64_t(std::ceil((node.z + r) / sectionPixels)) + 1,
                           std::int64_t(std::ceil(node.y + r)) + 1, std::int64_t(std::ceil(node.x + r)) + 1}});
    }
    return box.intersected(Box::of(extent));
}

namespace {

constexpr int nodeCount = 7;

// A tube through a place, along a direction that turns slowly, carried along by the drift of its cell.
Mitochondrion tube(const Cells& cells, Rng& rng, double z, double y, double x, double radius) {
    const double turn = 2 * std::numbers::pi;
    double heading = turn * rng.uniform(), climb = rng.uniform(-0.8, 0.8);
    const double bend = rng.uniform(-0.35, 0.35), length = rng.uniform(60, 250), step = length / (nodeCount - 1);
    const auto home = cells.drift(z / sectionPixels, y, x);
    Mitochondrion result;
    double nz = 0, ny = 0, nx = 0;
    std::vector<Mitochondrion::Node> nodes;
    for (int i = 0; i < nodeCount; ++i) {
        const double swell = 1 - 0.22 * rng.uniform();
        nodes.push_back({nz, ny, nx, radius * swell});
        nz += step * std::sin(climb);
        ny += step * std::cos(climb) * std::sin(heading);
        nx += step * std::cos(climb) * std::cos(heading);
        heading += bend;
        climb += rng.uniform(-0.2, 0.2);
    }
    const Mitochondrion::Node middle = nodes[nodeCount / 2];
    for (Mitochondrion::Node& node : nodes) {
        node.z += z - middle.z;
        const auto there = cells.drift(node.z / sectionPixels, y, x);
        node.y += y - middle.y + there[0] - home[0];
        node.x += x - middle.x + there[1] - home[1];
    }
    result.nodes = std::move(nodes);
    return result;
}

double gap(const Mitochondrion& a, const Mitochondrion& b) {
    double least = std::numeric_limits<double>::max();
    for (const auto& node : a.nodes) least = std::min(least, b.distance(node.z, node.y, node.x).value - node.radius);
    return least;
}

}  // namespace

std::vector<Mitochondrion> placeMitochondria(const Cells& cells, Index shape, std::uint64_t seed, Job& job) {
    constexpr double outside = 120;      // pixels around the volume from which tubes may reach in
    constexpr double tryVolume = 4.5e4;  // cubic pixels per try
    Rng rng(seed, 501);
    const double depth = double(shape.z) * sectionPixels + 2 * outside;
    const double height = double(shape.y) + outside, width = double(shape.x) + outside;
    const std::int64_t tries = std::int64_t(std::ceil(depth * height * width / tryVolume));
    std::vector<Mitochondrion> placed;
    for (std::int64_t i = 0; i < tries; ++i) {
        job.check();
        job.progress(double(i), double(tries), inventing);
        const double z = rng.uniform() * depth - outside, y = rng.uniform() * height - outside / 2,
                     x = rng.uniform() * width - outside / 2;
        const double wanted = rng.uniform(15, 36);
        const Cells::Here here = cells.at(z / sectionPixels, y, x);
        const double radius = std::min(wanted, 0.9 * here.border);
        Mitochondrion candidate = tube(cells, rng, z, y, x, radius);
        const double closest = rng.uniform() < 0.3 ? -2 : 16;  // a part of them may touch
        candidate.cell = here.cell;
        if (radius < 13) continue;
        const bool free = std::all_of(placed.begin(), placed.end(), [&](const Mitochondrion& other) {
            return gap(candidate, other) > closest && gap(other, candidate) > closest;
        });
        if (free) placed.push_back(std::move(candidate));
    }
    return placed;
}

}  // namespace fovea::synthetic
