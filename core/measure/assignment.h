#pragma once
#include <cstdint>
#include <vector>

namespace fovea::measure {

struct WeightedEdge {
    std::int64_t left = 0, right = 0;
    double weight = 0;  // > 0
};

// Maximum-weight one-to-one assignment of a sparse bipartite graph (nobody has to be assigned). Result per left node:
// position of its edge, or −1. Successive shortest paths with potentials (Kuhn, Munkres; Dijkstra over the edges
// present), so cost follows the edges and not left × right. Deterministic.
std::vector<std::int64_t> assignSparse(std::int64_t left, std::int64_t right, const std::vector<WeightedEdge>& edges);

}  // namespace fovea::measure
