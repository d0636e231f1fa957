#include "segment/geodesic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "segment/filters.h"
#include "segment/section_step.h"

namespace fovea::segment {
namespace {

struct Step {
    std::int64_t dz, dy, dx, offset;
    double length, area;  // µm-isotropic units; area of the face between
    bool face;
};

// Face neighbours and, within the slice, diagonals: round fronts where voxels are square.
std::vector<Step> stepsOf(const Index& n, Vec3 spacing) {
    std::vector<Step> steps;
    for (std::int64_t dz = -1; dz <= 1; ++dz)
        for (std::int64_t dy = -1; dy <= 1; ++dy)
            for (std::int64_t dx = -1; dx <= 1; ++dx) {
                const bool face = std::abs(dz) + std::abs(dy) + std::abs(dx) == 1;
                if ((dz == 0 && dy == 0 && dx == 0) || (dz != 0 && !face) || (dz != 0 && n.z == 1)) continue;
                const double z = double(dz) * spacing.z, y = double(dy) * spacing.y, x = double(dx) * spacing.x;
                steps.push_back({dz, dy, dx, (dz * n.y + dy) * n.x + dx, std::sqrt(z * z + y * y + x * x),
                                 spacing.z * spacing.y * spacing.x /
                                     (dz != 0   ? spacing.z
                                      : dy != 0 ? spacing.y
                                                : spacing.x),
                                 face});
            }
    return steps;
}

struct Grey {
    double mean = 0, spread = 0;
};

Grey greyOf(double count, double sum, double squares) {
    const double mean = sum / count;
    return {mean, std::sqrt(std::max(0.0, squares / count - mean * mean))};
}

// Of the values within three voxels of the start, in its slice.
Grey greyAround(const GeodesicField& field, std::int32_t start) {
    const Index n = field.soft.shape();
    const Index at{start / (n.y * n.x), start / n.x % n.y, start % n.x};
    double sum = 0, squares = 0, count = 0;
    for (std::int64_t y = std::max<std::int64_t>(0, at.y - 3); y <= std::min(n.y - 1, at.y + 3); ++y)
        for (std::int64_t x = std::max<std::int64_t>(0, at.x - 3); x <= std::min(n.x - 1, at.x + 3); ++x) {
            const double v = field.soft(at.z, y, x);
            sum += v, squares += v * v, ++count;
        }
    return greyOf(count, sum, squares);
}

// Waiting voxels by integer distance; steps are shorter than the ring.
class Buckets {
  public:
    explicit Buckets(int longest) : ring_(std::size_t(longest) + 1) {}
    void push(std::int64_t distance, std::int32_t voxel) {
        ring_[std::size_t(distance) % ring_.size()].push_back(voxel), ++size_;
    }
    // Moves on to the next distance that has voxels; takes them out.
    std::vector<std::int32_t> pop(std::int64_t& distance) {
        while (ring_[std::size_t(distance) % ring_.size()].empty()) ++distance;
        std::vector<std::int32_t> result;
        result.swap(ring_[std::size_t(distance) % ring_.size()]);
        size_ -= std::int64_t(result.size());
        return result;
    }
    bool empty() const { return size_ == 0; }

  private:
    std::vector<std::vector<std::int32_t>> ring_;
    std::int64_t size_ = 0;
};

// Keeps track of the edge along the outline while a region grows, and of when it was strongest.
class OutlineScore {
  public:
    OutlineScore(const GeodesicField& field, double leastSize)
        : field_(field), leastSize_(leastSize), solid_(field.soft.shape().z > 1) {}
    void face(std::int64_t inside, std::int64_t outside, double area, bool nowInside) {
        const double edge = 0.5 * area * (field_.edges.data()[inside] + field_.edges.data()[outside]);
        area_ += nowInside ? -area : area;
        sum_ += nowInside ? -edge : edge;
    }
    void judge(std::int64_t voxels) {
        if (area_ < 0.5) return;
        const double strength = sum_ / area_;
        const double n = double(voxels) * field_.spacing.z * field_.spacing.y * field_.spacing.x,
                     size = n / (n + leastSize_);
        // 1 for a disc (ball) of voxels, less the longer its outline is.
        const double compact = solid_ ? n * n / (0.00262 * area_ * area_ * area_) : n / (0.049 * area_ * area_);
        if (const double score = strength * size * std::sqrt(std::min(1.0, compact)); score > best_)
            best_ = score, bestEdge_ = strength, bestVoxels_ = voxels;
    }
    std::int64_t bestVoxels() const { return bestVoxels_; }
    double bestEdge() const { return bestEdge_; }

  private:
    const GeodesicField& field_;
    double leastSize_;
    bool solid_;
    double area_ = 0, sum_ = 0, best_ = -1, bestEdge_ = 0;
    std::int64_t bestVoxels_ = 0;
};

constexpr double unit = 8;     // integer distance of one step through even grey
constexpr int longest = 1023;  // of any step

Growth grow(const GeodesicField& field, const std::vector<std::int32_t>& seeds, const Grey& grey,
            const std::vector<std::int32_t>& rivals, const Volume<std::uint8_t>& open, std::int64_t mostVoxels,
            Job& job) {
    const Index n = field.soft.shape();
    const std::vector<Step> steps = stepsOf(n, field.spacing);
    const double tolerance = std::max(0.06, 1.5 * grey.spread);
    Buckets buckets(longest);
    std::vector<std::int32_t> distance(std::size_t(open.size()), -1);
    std::vector<std::uint8_t> owner(std::size_t(open.size()), 0);  // 1: the region, 2: a rival; + 4 when final
    for (std::int32_t i : seeds) distance[i] = 0, owner[i] = 1, buckets.push(0, i);
    for (std::int32_t r : rivals)
        if (owner[r] == 0) distance[r] = 0, owner[r] = 2, buckets.push(0, r);
    Growth growth;
    OutlineScore outline(field, n.z > 1 ? 1000 : 40);
    std::int64_t now = 0;
    while (!buckets.empty() && std::int64_t(growth.voxels.size()) < mostVoxels) {
        job.check();
        const std::vector<std::int32_t> front = buckets.pop(now);
        for (std::int32_t at : front) {
            if (owner[at] >= 4 || distance[at] != now) continue;
            const bool mine = owner[at] == 1;
            owner[at] |= 4;
            if (mine) growth.voxels.push_back(at);
            const Index v{at / (n.y * n.x), at / n.x % n.y, at % n.x};
            for (const Step& s : steps) {
                if (!field.soft.box().contains(v + Index{s.dz, s.dy, s.dx})) continue;
                const std::int64_t to = at + s.offset;
                if (!open.data()[to]) continue;
                if (s.face && mine) outline.face(at, to, s.area, owner[to] == 5);
                if (owner[to] >= 4) continue;
                const double away = std::abs(field.soft.data()[to] - grey.mean) / tolerance;
                const double rough = field.edges.data()[to] / field.usualEdge;
                const double cost = unit * s.length * (1 + rough * rough + (mine ? away * away : 0));
                const std::int64_t d = now + std::clamp<std::int64_t>(std::llround(cost), 1, longest);
                if (distance[to] >= 0 && d >= distance[to]) continue;
                distance[to] = std::int32_t(d);
                owner[to] = mine ? 1 : 2;
                buckets.push(d, std::int32_t(to));
            }
        }
        outline.judge(std::int64_t(growth.voxels.size()));
    }
    growth.edge = outline.bestEdge() / (outline.bestEdge() + field.usualEdge);
    // Enclosed on all sides there is no outline to choose by: everything reached belongs to it.
    if (outline.bestVoxels() > 0) growth.voxels.resize(std::size_t(outline.bestVoxels()));
    return growth;
}

}  // namespace

Vec3 relativeSpacing(const Volume<float>& image, Job& job) {
    Vec3 s = image.geometry.spacing;
    if (!image.geometry.known && image.shape().z > 1)
        if (const double step = sectionStepInTheMiddle(image, job); step > thickLooksFrom) s.z = step * s.x;
    const double finest = image.shape().z > 1 ? std::min({s.z, s.y, s.x}) : std::min(s.y, s.x);
    return {image.shape().z > 1 ? s.z / finest : 1, s.y / finest, s.x / finest};
}

GeodesicField makeField(const Volume<float>& image, Job& job) {
    GeodesicField field;
    field.soft = image;
    field.spacing = relativeSpacing(image, job);
    const std::vector<double> grey = quantiles(image, {0.005, 0.5, 0.995});
    const double range = grey[2] > grey[0] ? grey[2] - grey[0] : 1;
    for (float& v : field.soft)
        v = std::isfinite(v) ? float(std::clamp((v - grey[0]) / range, -0.2, 1.2)) : float((grey[1] - grey[0]) / range);
    blur(field.soft, {1.5 / field.spacing.z, 1.5 / field.spacing.y, 1.5 / field.spacing.x}, job);
    field.edges = gradientLength(field.soft, field.spacing, job);
    double sum = 0;
    for (float e : field.edges) sum += e;
    field.usualEdge = std::max(1e-6, sum / double(std::max<std::int64_t>(1, field.edges.size())));
    return field;
}

Growth growFrom(const GeodesicField& field, std::int32_t start, const std::vector<std::int32_t>& rivals,
                const Volume<std::uint8_t>& open, std::int64_t mostVoxels, Job& job) {
    return grow(field, {start}, greyAround(field, start), rivals, open, mostVoxels, job);
}

Growth growRegion(const GeodesicField& field, const std::vector<std::int32_t>& seeds,
                  const std::vector<std::int32_t>& rivals, const Volume<std::uint8_t>& open, std::int64_t mostVoxels,
                  Job& job) {
    if (seeds.empty()) return {};
    double sum = 0, squares = 0;
    for (std::int32_t i : seeds) {
        const double v = field.soft.data()[i];
        sum += v, squares += v * v;
    }
    return grow(field, seeds, greyOf(double(seeds.size()), sum, squares), rivals, open, mostVoxels, job);
}

}  // namespace fovea::segment
