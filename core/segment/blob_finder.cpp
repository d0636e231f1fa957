#include "segment/blob_finder.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <queue>

#include "segment/component_tree.h"
#include "segment/filters.h"
#include "segment/holes.h"

namespace fovea::segment {
namespace {

struct Scale {
    Volume<std::uint8_t> levels;
    Volume<float> edges;
    double usualEdge = 0;  // median edge length
    std::unique_ptr<ComponentTree> tree;
};

struct Candidate {
    double score = 0;
    std::int32_t scale = 0, node = 0;
    bool filled = false;
    bool operator<(const Candidate& other) const {
        return score != other.score   ? score < other.score
               : scale != other.scale ? scale > other.scale
                                      : node > other.node;
    }
};

double ramp(double value, double from, double to) { return std::clamp((value - from) / (to - from), 0.0, 1.0); }

// Covariance of the voxel positions of a node in units of spacing, voxels taken as boxes.
std::array<double, 6> covariance(const ComponentTree::Node& node, const Index& shape, Vec3 spacing) {
    static constexpr int row[6] = {0, 1, 2, 0, 0, 1}, column[6] = {0, 1, 2, 1, 2, 2};
    std::array<double, 6> c{};
    const double n = double(node.voxels);
    for (int k = 0; k < 6; ++k) {
        if (shape[row[k]] == 1 || shape[column[k]] == 1) continue;
        c[k] = node.second[k] / n - node.first[row[k]] / n * (node.first[column[k]] / n) + (k < 3 ? 1.0 / 12 : 0);
        c[k] *= spacing[row[k]] * spacing[column[k]];
    }
    return c;
}

// Shortest half axis and content of the ellipse (ellipsoid) with these second moments.
struct Ellipse {
    double shortest = 0, content = 0;
};

Ellipse flatEllipse(double a, double b, double c) {
    const double half = 0.5 * (a + b), root = std::sqrt(0.25 * (a - b) * (a - b) + c * c);
    return {2 * std::sqrt(std::max(0.0, half - root)), 4 * std::numbers::pi * std::sqrt(std::max(0.0, a * b - c * c))};
}

Ellipse ellipseOf(const std::array<double, 6>& c, const Index& shape) {
    if (shape.z == 1) return flatEllipse(c[1], c[2], c[5]);
    if (shape.y == 1) return flatEllipse(c[0], c[2], c[4]);
    if (shape.x == 1) return flatEllipse(c[0], c[1], c[3]);
    const double det =
        c[0] * (c[1] * c[2] - c[5] * c[5]) - c[3] * (c[3] * c[2] - c[5] * c[4]) + c[4] * (c[3] * c[5] - c[1] * c[4]);
    // Smallest eigenvalue of a symmetric 3×3 matrix by the trigonometric formula (Smith 1961).
    const double mean = (c[0] + c[1] + c[2]) / 3;
    const double off = c[3] * c[3] + c[4] * c[4] + c[5] * c[5];
    const double p = std::sqrt(
        ((c[0] - mean) * (c[0] - mean) + (c[1] - mean) * (c[1] - mean) + (c[2] - mean) * (c[2] - mean) + 2 * off) / 6);
    double least = mean;
    if (p > 1e-12) {
        const double a = (c[0] - mean) / p, b = (c[1] - mean) / p, d = (c[2] - mean) / p;
        const double e = c[3] / p, f = c[4] / p, g = c[5] / p;
        const double r = std::clamp((a * (b * d - g * g) - e * (e * d - g * f) + f * (e * g - b * f)) / 2, -1.0, 1.0);
        least = mean + 2 * p * std::cos(std::acos(r) / 3 + 2 * std::numbers::pi / 3);
    }
    return {std::sqrt(5 * std::max(0.0, least)),
            4.0 / 3 * std::numbers::pi * std::pow(5.0, 1.5) * std::sqrt(std::max(0.0, det))};
}

double radiusOf(double voxels, const Index& shape, Vec3 spacing) {
    double size = voxels;
    int axes = 0;
    for (int k = 0; k < 3; ++k)
        if (shape[k] > 1) size *= spacing[k], ++axes;
    return axes == 3   ? std::cbrt(size * 3 / (4 * std::numbers::pi))
           : axes == 2 ? std::sqrt(size / std::numbers::pi)
                       : size / 2;
}

// What a set of voxels is judged by.
struct Shape {
    double voxels = 0, outline = 0, open = 0;  // faces to the outside, faces at the edge of the volume
    double edge = 0;                           // strength along the outline
    std::array<double, 6> covariance{};
};

// 0..1; `roundFrom`: share of its ellipse that a shape must fill to count at all.
double scoreOf(const Shape& shape, double roundFrom, double usualEdge, const Index& volume, const BlobSettings& s) {
    const double radius = radiusOf(shape.voxels, volume, s.spacing);
    if (radius < s.leastRadius || radius > s.mostRadius || shape.outline <= 0) return 0;
    if (shape.open > shape.outline) return 0;  // mostly cut off by the edge of the volume
    const Ellipse ellipse = ellipseOf(shape.covariance, volume);
    if (ellipse.shortest < s.leastRadius || ellipse.content <= 0) return 0;
    double content = shape.voxels;
    for (int k = 0; k < 3; ++k)
        if (volume[k] > 1) content *= s.spacing[k];
    const double round = ramp(content / ellipse.content, roundFrom, 0.95);
    double edge = shape.edge / (shape.edge + s.texture * usualEdge + 1e-9);
    if (s.typicalEdge > 0) edge *= ramp(shape.edge / s.typicalEdge, 0.1, 0.8);
    double size = 1;
    if (s.typicalRadius > 0) {
        const double octaves = std::log2(radius / s.typicalRadius) / s.sizeOctaves;
        size = std::exp(-0.5 * octaves * octaves);
    }
    return round * edge * size;
}

Shape shapeOf(const ComponentTree::Node& node, const Index& volume, Vec3 spacing) {
    return {double(node.voxels), node.outline, node.open, node.meanEdge(), covariance(node, volume, spacing)};
}

// The same of any set of voxels, except that the edge counts where it is weak: the mean of the weaker half of the
// outline.
Shape shapeOf(const std::vector<std::int32_t>& voxels, const Volume<float>& edges, Vec3 spacing,
              std::vector<std::uint8_t>& seen) {
    const Index n = edges.shape();
    ComponentTree::Node node;
    node.voxels = std::int64_t(voxels.size());
    for (std::int32_t i : voxels) seen[i] = 1;
    std::vector<float> faces;
    for (std::int32_t i : voxels) {
        const double z = double(i / (n.y * n.x)), y = double(i / n.x % n.y), x = double(i % n.x);
        node.first[0] += z, node.first[1] += y, node.first[2] += x;
        node.second[0] += z * z, node.second[1] += y * y, node.second[2] += x * x;
        node.second[3] += z * y, node.second[4] += z * x, node.second[5] += y * x;
        node.open += forFaceNeighbours(n, i, [&](std::int64_t q) {
            if (!seen[q]) faces.push_back(0.5f * (edges.data()[i] + edges.data()[q]));
        });
    }
    for (std::int32_t i : voxels) seen[i] = 0;
    Shape shape{double(voxels.size()), double(faces.size()), node.open, 0, covariance(node, n, spacing)};
    const std::size_t half = (faces.size() + 1) / 2;
    if (half == 0) return shape;
    std::nth_element(faces.begin(), faces.begin() + std::int64_t(half - 1), faces.end());
    for (std::size_t i = 0; i < half; ++i) shape.edge += faces[i] / double(half);
    return shape;
}

Index meanPosition(const std::vector<std::int32_t>& voxels, const Index& n) {
    Vec3 sum;
    for (std::int32_t i : voxels) sum.z += i / (n.y * n.x), sum.y += i / n.x % n.y, sum.x += i % n.x;
    const double count = double(voxels.size());
    return {std::int64_t(sum.z / count), std::int64_t(sum.y / count), std::int64_t(sum.x / count)};
}

Scale makeScale(const Volume<float>& image, std::size_t k, const BlobSettings& s, Job& job) {
    Scale scale;
    Volume<float> soft = image;
    blur(soft, {s.sigmas[k] / s.spacing.z, s.sigmas[k] / s.spacing.y, s.sigmas[k] / s.spacing.x}, job);
    scale.edges = gradientLength(soft, s.spacing, job);
    scale.usualEdge = k < s.usualEdges.size() ? s.usualEdges[k] : quantiles(scale.edges, {0.5})[0];
    scale.levels = Volume<std::uint8_t>(image.shape());
    for (std::int64_t i = 0; i < soft.size(); ++i)
        scale.levels.data()[i] = std::uint8_t(std::clamp(soft.data()[i], 0.0f, 1.0f) * 255.0f + 0.5f);
    return scale;
}

}  // namespace

double usualEdge(const Volume<float>& image, double sigma, Vec3 spacing, Job& job) {
    Volume<float> soft = image;
    blur(soft, {sigma / spacing.z, sigma / spacing.y, sigma / spacing.x}, job);
    return quantiles(gradientLength(soft, spacing, job), {0.5})[0];
}

std::vector<Blob> findBlobs(const Volume<float>& image, const BlobSettings& settings, Job& job) {
    const Index shape = image.shape();
    std::vector<Scale> scales;
    scales.reserve(settings.sigmas.size());
    std::priority_queue<Candidate> candidates;
    for (std::size_t k = 0; k < settings.sigmas.size(); ++k) {
        job.progress(0.3 * double(k), double(settings.sigmas.size()));
        scales.push_back(makeScale(image, k, settings, job));
        Scale& scale = scales.back();
        scale.tree = std::make_unique<ComponentTree>(scale.levels, scale.edges, job);
        const auto& nodes = scale.tree->nodes();
        for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {  // the root is everything
            const double score =
                scoreOf(shapeOf(nodes[i], shape, settings.spacing), 0.3, scale.usualEdge, shape, settings);
            if (score >= settings.leastScore)
                candidates.push({score, std::int32_t(scales.size()) - 1, std::int32_t(i), false});
        }
    }
    std::vector<std::uint8_t> taken(std::size_t(image.size()), 0), seen(std::size_t(image.size()), 0);
    std::vector<std::vector<std::uint8_t>> blocked;  // nodes that hold a chosen one
    for (const Scale& scale : scales) blocked.emplace_back(scale.tree->nodes().size(), 0);
    std::vector<Blob> blobs;
    const double total = double(candidates.size());
    while (!candidates.empty()) {
        job.check();
        job.progress(0.3 + 0.7 * (1 - double(candidates.size()) / total), 1);
        Candidate c = candidates.top();
        candidates.pop();
        const Scale& scale = scales[std::size_t(c.scale)];
        const auto& nodes = scale.tree->nodes();
        if (taken[nodes[c.node].voxel] || blocked[c.scale][c.node]) continue;
        std::vector<std::int32_t> voxels = scale.tree->voxelsOf(c.node, seen);
        const double solid = double(voxels.size());
        fillHoles(voxels, shape);
        if (solid < 0.6 * double(voxels.size())) continue;  // a ring, not a blob
        if (!c.filled) {
            // Judged again with its holes filled; the first score only says whether that is worth while, and in what
            // order.
            const Shape whole = shapeOf(voxels, scale.edges, settings.spacing, seen);
            c.score = std::min(c.score, scoreOf(whole, settings.roundFrom, scale.usualEdge, shape, settings));
            c.filled = true;
            if (c.score >= settings.leastScore) candidates.push(c);
            continue;
        }
        for (std::int32_t n = c.node; n >= 0 && !blocked[c.scale][n]; n = nodes[n].parent) blocked[c.scale][n] = 1;
        const auto shared = std::count_if(voxels.begin(), voxels.end(), [&](std::int32_t i) { return taken[i] != 0; });
        if (double(shared) > 0.1 * double(voxels.size())) continue;
        std::erase_if(voxels, [&](std::int32_t i) { return taken[i] != 0; });
        for (std::int32_t i : voxels) taken[i] = 1;
        const double radius = radiusOf(double(voxels.size()), shape, settings.spacing);
        blobs.push_back({meanPosition(voxels, shape), std::move(voxels), c.score, radius, nodes[c.node].meanEdge()});
    }
    return blobs;
}

}  // namespace fovea::segment
