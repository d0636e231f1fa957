#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// Calls f(neighbour) for the face neighbours of voxel i; returns how many faces lie at the edge of the volume (axes of
// one voxel have no such faces).
template <class F>
int forFaceNeighbours(const Index& n, std::int64_t i, F&& f) {
    const std::int64_t x = i % n.x, y = i / n.x % n.y, z = i / (n.x * n.y);
    int outside = 0;
    const auto both = [&](std::int64_t at, std::int64_t size, std::int64_t step) {
        if (size == 1) return;
        if (at > 0)
            f(i - step);
        else
            ++outside;
        if (at + 1 < size)
            f(i + step);
        else
            ++outside;
    };
    both(z, n.z, n.x * n.y);
    both(y, n.y, n.x);
    both(x, n.x, 1);
    return outside;
}

// All connected components (4 or 6 neighbours) of all threshold sets of an image, nested in one another: the max-tree
// (Najman, Couprie 2006; canonical form as in Carlinet, Géraud 2014). Every node knows its size, second moments and how
// strong the edges along its outline are, gathered in one pass.
class ComponentTree {
  public:
    struct Node {
        std::int32_t parent = -1;  // −1: the root. Parents come after their children.
        std::int32_t voxel = 0;    // one voxel of the component, at its level
        std::uint8_t level = 0;    // the component = connected voxels with level ≥ this
        std::int64_t voxels = 0;
        double outline = 0;              // faces between inside and outside, those at the edge of the volume left out
        double outlineEdge = 0;          // sum of `edges` over them
        double open = 0;                 // faces at the edge of the volume
        std::array<double, 3> first{};   // Σz, Σy, Σx
        std::array<double, 6> second{};  // Σzz, Σyy, Σxx, Σzy, Σzx, Σyx
        double grey = 0;                 // Σ level
        double meanEdge() const { return outline > 0 ? outlineEdge / outline : 0; }
    };

    // `levels` quantised, `edges` of the same shape: edge strength. At most 2^31 − 1 voxels.
    ComponentTree(const Volume<std::uint8_t>& levels, const Volume<float>& edges, Job& job);

    const std::vector<Node>& nodes() const { return nodes_; }
    // The voxels of a node (offsets), found by flooding from its voxel. `seen` holds one byte per voxel, all 0 before
    // and after.
    std::vector<std::int32_t> voxelsOf(std::int32_t node, std::vector<std::uint8_t>& seen) const;

  private:
    const Volume<std::uint8_t>& levels_;
    std::vector<Node> nodes_;
};

}  // namespace fovea::segment
