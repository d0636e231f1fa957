#include "segment/outline_cut.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/parallel.h"
#include "segment/outline_look.h"

namespace fovea::segment {
namespace {

constexpr std::int64_t mostOpen = 10'000;  // voxels that are decided at once

// Of a cell that has voxels of both.
Side joined(Side a, Side b) { return a == b || b == Side::None ? a : a == Side::None ? b : Side::Open; }

// Voxels joined to cells of about as many lengths in all directions: two along the axes that are nearly the finest.
class Coarser {
  public:
    Coarser(const Evidence& fine, const Volume<Side>& given, Job& job);
    // Puts open voxels on the side of their cell, but for those beside cells of the other side.
    void refine(Volume<Side>& fine, Job& job) const;

    Evidence evidence;
    Volume<Side> sides;

  private:
    Index by_;
};

Coarser::Coarser(const Evidence& fine, const Volume<Side>& given, Job& job) {
    const Index n = given.shape();
    Index cells;
    for (int k = 0; k < 3; ++k) {
        by_[k] = n[k] > 1 && fine.spacing[k] < 1.5 ? 2 : 1;
        cells[k] = (n[k] + by_[k] - 1) / by_[k];
        evidence.spacing[k] = fine.spacing[k] * double(by_[k]);
    }
    const double finest = cells.z > 1 ? std::min({evidence.spacing.z, evidence.spacing.y, evidence.spacing.x})
                                      : std::min(evidence.spacing.y, evidence.spacing.x);
    for (int k = 0; k < 3; ++k) evidence.spacing[k] /= finest;
    evidence.pull = fine.pull * finest;
    evidence.image = Volume<float>(cells);
    evidence.mask = evidence.trusted = Volume<std::uint8_t>(cells);
    sides = Volume<Side>(cells, Side::None);
    parallelFor(cells.z * cells.y, job, [&](std::int64_t row) {
        const Box box = Box{
            {row / cells.y * by_.z, row % cells.y * by_.y, 0},
            {row / cells.y * by_.z + by_.z, row % cells.y * by_.y + by_.y,
             n.x}}.intersected(given.box());
        const std::int64_t first = row * cells.x;
        std::vector<std::int32_t> voxels(std::size_t(cells.x)), inside(std::size_t(cells.x));
        for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
            for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
                for (std::int64_t x = 0, i = given.offset(z, y, 0); x < n.x; ++x, ++i) {
                    const std::int64_t k = by_.x == 2 ? x / 2 : x, c = first + k;
                    evidence.image.data()[c] += fine.image.data()[i];
                    evidence.trusted.data()[c] |= fine.trusted.data()[i];
                    sides.data()[c] = joined(sides.data()[c], given.data()[i]);
                    ++voxels[std::size_t(k)], inside[std::size_t(k)] += fine.mask.data()[i];
                }
        for (std::int64_t k = 0; k < cells.x; ++k) {
            evidence.image.data()[first + k] /= float(voxels[std::size_t(k)]);
            evidence.mask.data()[first + k] = 2 * inside[std::size_t(k)] >= voxels[std::size_t(k)];
        }
    });
}

void Coarser::refine(Volume<Side>& fine, Job& job) const {
    const Index cells = sides.shape();
    parallelFor(cells.z * cells.y, job, [&](std::int64_t row) {
        const Index first{row / cells.y, row % cells.y, 0};
        for (std::int64_t x = 0; x < cells.x; ++x) {
            const Index c = first + Index{0, 0, x};
            const Side side = sides[c];
            if (side != Side::Inside && side != Side::Outside) continue;
            bool alike = true;
            forEachVoxel(Box{c, c + Index{1, 1, 1}}.grown({1, 1, 1}).intersected(sides.box()),
                         [&](Index b) { alike &= sides[b] == side || sides[b] == Side::None; });
            if (!alike) continue;
            const Index begin{c.z * by_.z, c.y * by_.y, c.x * by_.x};
            forEachVoxel(Box{begin, begin + by_}.intersected(fine.box()), [&](Index v) {
                if (fine[v] == Side::Open) fine[v] = side;
            });
        }
    });
}

}  // namespace

double cutByLook(const Evidence& evidence, Volume<Side>& sides, Job& job) {
    if (std::count(sides.begin(), sides.end(), Side::Open) > mostOpen && sides.shape() != Index{1, 1, 1}) {
        Coarser coarser(evidence, sides, job);
        cutByLook(coarser.evidence, coarser.sides, job);
        coarser.refine(sides, job);
    }
    const Vec3 s = evidence.spacing;
    const OutlineLook look(evidence.image, evidence.mask, evidence.trusted, s, job);
    return cutCheapest(
        sides, [&](Index voxel, int axis) { return look.cost(voxel, axis); },
        std::int32_t(std::lround(costUnit * evidence.pull * std::cbrt(s.z * s.y * s.x))), job);
}

}  // namespace fovea::segment
