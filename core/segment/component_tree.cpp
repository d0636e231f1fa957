#include "segment/component_tree.h"

#include <algorithm>

namespace fovea::segment {
namespace {

// Offsets by descending level; within a level in C order.
std::vector<std::int32_t> sorted(const Volume<std::uint8_t>& levels) {
    std::array<std::int64_t, 257> begin{};
    for (std::uint8_t v : levels) ++begin[std::size_t(255 - v) + 1];
    for (std::size_t i = 0; i < 256; ++i) begin[i + 1] += begin[i];
    std::vector<std::int32_t> order(std::size_t(levels.size()));
    for (std::int64_t i = 0; i < levels.size(); ++i)
        order[std::size_t(begin[255 - levels.data()[i]]++)] = std::int32_t(i);
    return order;
}

std::int32_t root(std::vector<std::int32_t>& up, std::int32_t i) {
    while (up[i] != i) {
        up[i] = up[up[i]];
        i = up[i];
    }
    return i;
}

// Parent of each voxel in canonical form: that of its component's canonical voxel, or of the component above.
std::vector<std::int32_t> parents(const Volume<std::uint8_t>& levels, const std::vector<std::int32_t>& order,
                                  Job& job) {
    std::vector<std::int32_t> parent(order.size(), -1), up(order.size(), -1);
    for (std::size_t k = 0; k < order.size(); ++k) {
        if ((k & 0x3FFFF) == 0) job.check();
        const std::int32_t p = order[k];
        parent[p] = up[p] = p;
        forFaceNeighbours(levels.shape(), p, [&](std::int64_t q) {
            if (up[q] < 0) return;
            const std::int32_t r = root(up, std::int32_t(q));
            if (r != p) up[r] = parent[r] = p;
        });
    }
    for (std::size_t k = order.size(); k-- > 0;) {
        const std::int32_t p = order[k], q = parent[p];
        if (levels.data()[q] == levels.data()[parent[q]]) parent[p] = parent[q];
    }
    return parent;
}

}  // namespace

ComponentTree::ComponentTree(const Volume<std::uint8_t>& levels, const Volume<float>& edges, Job& job)
    : levels_(levels) {
    const Index shape = levels.shape();
    const std::vector<std::int32_t> order = sorted(levels);
    const std::vector<std::int32_t> parent = parents(levels, order, job);
    const auto canonical = [&](std::int32_t p) {
        return parent[p] == p || levels.data()[parent[p]] != levels.data()[p];
    };
    std::vector<std::int32_t> nodeOf(order.size(), -1);
    for (std::int32_t p : order)
        if (canonical(p)) {
            nodeOf[p] = std::int32_t(nodes_.size());
            nodes_.emplace_back();
            nodes_.back().voxel = p;
            nodes_.back().level = levels.data()[p];
        }
    for (std::int32_t p : order)
        if (nodeOf[p] < 0) nodeOf[p] = nodeOf[parent[p]];
    for (Node& node : nodes_) node.parent = parent[node.voxel] == node.voxel ? -1 : nodeOf[parent[node.voxel]];
    job.check();
    for (std::int64_t i = 0; i < levels.size(); ++i) {
        Node& node = nodes_[std::size_t(nodeOf[i])];
        const double x = double(i % shape.x), y = double(i / shape.x % shape.y), z = double(i / (shape.x * shape.y));
        ++node.voxels;
        node.grey += levels.data()[i];
        node.first[0] += z, node.first[1] += y, node.first[2] += x;
        node.second[0] += z * z, node.second[1] += y * y, node.second[2] += x * x;
        node.second[3] += z * y, node.second[4] += z * x, node.second[5] += y * x;
        node.open += forFaceNeighbours(shape, i, [&](std::int64_t q) {
            // A face is outline from the level of its higher voxel down to, and without, that of its lower one.
            if (levels.data()[q] >= levels.data()[i]) return;
            const double edge = 0.5 * (edges.data()[i] + edges.data()[q]);
            Node& lower = nodes_[std::size_t(nodeOf[q])];
            node.outline += 1, node.outlineEdge += edge;
            lower.outline -= 1, lower.outlineEdge -= edge;
        });
    }
    for (const Node& node : nodes_) {
        if (node.parent < 0) continue;
        Node& above = nodes_[std::size_t(node.parent)];
        above.voxels += node.voxels;
        above.grey += node.grey;
        above.outline += node.outline, above.outlineEdge += node.outlineEdge, above.open += node.open;
        for (int k = 0; k < 3; ++k) above.first[k] += node.first[k];
        for (int k = 0; k < 6; ++k) above.second[k] += node.second[k];
    }
}

std::vector<std::int32_t> ComponentTree::voxelsOf(std::int32_t node, std::vector<std::uint8_t>& seen) const {
    const Node& n = nodes_[std::size_t(node)];
    std::vector<std::int32_t> found{n.voxel};
    found.reserve(std::size_t(n.voxels));
    seen[n.voxel] = 1;
    for (std::size_t k = 0; k < found.size(); ++k)
        forFaceNeighbours(levels_.shape(), found[k], [&](std::int64_t q) {
            if (seen[q] || levels_.data()[q] < n.level) return;
            seen[q] = 1;
            found.push_back(std::int32_t(q));
        });
    for (std::int32_t i : found) seen[i] = 0;
    return found;
}

}  // namespace fovea::segment
