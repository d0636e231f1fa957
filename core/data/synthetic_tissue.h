#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/synthetic_noise.h"

// The invented electron-microscopy tissue: cells that fill space, and the mitochondria in them. Places are in voxels of
// 50 × 5 × 5 nm; distances in pixels of 5 nm.
namespace fovea::synthetic {

constexpr double sectionPixels = 10;  // thickness of a section in pixels

// Cells: a Voronoi diagram of seeds that wander from section to section, borders bent by noise; neighbours are united
// at random, so that sizes differ and cells are not convex.
class Cells {
  public:
    explicit Cells(std::uint64_t seed);

    struct Here {
        std::int64_t cell = 0;  // any number, equal within a cell
        double border = 0;      // about the distance to the next cell, pixels
    };
    Here at(double z, double y, double x) const;
    // The same for a whole section, height × width.
    std::vector<Here> section(double z, std::int64_t height, std::int64_t width) const;
    // How far the tissue around a seed of this column has wandered at section z, in pixels (y, x).
    std::array<double, 2> drift(double z, double y, double x) const;

  private:
    struct Seed {
        double y, x, weight;
        std::int64_t cell;
    };
    Seed seedAt(double z, std::int64_t row, std::int64_t column) const;
    template <class SeedOf>
    Here nearest(double y, double x, SeedOf&& seedOf) const;

    std::uint64_t seed_;
    SmoothNoise bendY_, bendX_, fineY_, fineX_;
};

// A bent tube of varying width within one cell.
struct Mitochondrion {
    struct Node {
        double z, y, x;  // pixels in all three
        double radius;
    };
    std::vector<Node> nodes;
    std::int64_t cell = 0;

    // Signed distance to the surface in pixels, negative inside; `along` is where on the tube, in pixels from its
    // start.
    struct Distance {
        double value, along;
    };
    Distance distance(double z, double y, double x) const;
    // Grid positions that may lie inside, grown by `margin` pixels, within `extent`.
    Box box(Index extent, double margin) const;
};

// Those that reach into the volume, placed so that they don't overlap; some touch.
std::vector<Mitochondrion> placeMitochondria(const Cells& cells, Index shape, std::uint64_t seed, Job& job);

}  // namespace fovea::synthetic
