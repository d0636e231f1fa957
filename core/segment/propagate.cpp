#include "segment/propagate.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "measure/distance.h"
#include "segment/filters.h"
#include "segment/holes.h"

namespace fovea::segment {
namespace {

constexpr double mostChange = 2.5;   // of the area, from slice to slice
constexpr double leastShared = 0.5;  // of the smaller area
constexpr double leastEdge = 0.5;    // of an outline, see Growth::edge
constexpr double coreFrom = 0.5;     // of the depth of the region before
constexpr double smooth = 1;         // blur of an outline, in pixels

// One slice of the region.
struct Outline {
    Volume<std::uint8_t> mask;
    std::int64_t area = 0;
    double inside = 0, outside = 0;  // mean grey value in it and in the ring around it
};

Box sliceBox(const Index& n, std::int64_t z) { return {{z, 0, 0}, {z + 1, n.y, n.x}}; }

class Spreading {
  public:
    Spreading(const Volume<float>& image, const Volume<std::uint8_t>& open, const std::vector<std::int32_t>& rivals,
              const SpreadSettings& settings, Job& job)
        : image_(image),
          open_(open),
          rivals_(rivals),
          settings_(settings),
          job_(job),
          plane_(image.shape().y * image.shape().x) {}

    Spread run(std::int32_t start, std::int64_t mostInSlice) {
        const std::int64_t z = start / plane_;
        const GeodesicField field = fieldOf(z);
        Growth growth = growFrom(field, std::int32_t(start - z * plane_), rivalsIn(z), openIn(z), mostInSlice, job_);
        const Outline first = outlineOf(growth, field, openIn(z));
        add(first, z, growth.edge);
        for (const int step : {-1, 1}) follow(first, z, step);
        spread_.edge /= double(std::max(1, slices_));
        return std::move(spread_);
    }

    Spread run(const Volume<std::uint8_t>& section, std::int64_t from, std::int64_t through) {
        Outline known{section, std::count(section.begin(), section.end(), 1)};
        through_ = through;
        follow(known, from, through < from ? -1 : 1);
        spread_.edge /= double(std::max(1, slices_));
        return std::move(spread_);
    }

  private:
    GeodesicField fieldOf(std::int64_t z) { return makeField(crop(image_, sliceBox(image_.shape(), z)), job_); }
    Volume<std::uint8_t> openIn(std::int64_t z) const { return crop(open_, sliceBox(open_.shape(), z)); }
    std::vector<std::int32_t> rivalsIn(std::int64_t z) const {
        std::vector<std::int32_t> result;
        for (std::int32_t r : rivals_)
            if (r / plane_ == z) result.push_back(std::int32_t(r - z * plane_));
        return result;
    }
    Outline outlineOf(Growth& growth, const GeodesicField& field, const Volume<std::uint8_t>& open) {
        fillHoles(growth.voxels, field.soft.shape());
        Volume<float> soft(field.soft.shape());
        for (std::int32_t i : growth.voxels) soft.data()[i] = 1;
        blur(soft, {0, smooth, smooth}, job_);
        Outline outline;
        outline.mask = Volume<std::uint8_t>(soft.shape());
        for (std::int64_t i = 0; i < soft.size(); ++i)
            if (soft.data()[i] >= 0.5f && open.data()[i]) outline.mask.data()[i] = 1, ++outline.area;
        return outline;
    }
    void add(const Outline& outline, std::int64_t z, double edge) {
        for (std::int64_t i = 0; i < plane_; ++i)
            if (outline.mask.data()[i]) spread_.voxels.push_back(std::int32_t(z * plane_ + i));
        spread_.edge += edge, ++slices_;
    }
    void follow(const Outline& first, std::int64_t from, int step) {
        Outline before = first;
        for (std::int64_t z = from + step; z >= 0 && z < image_.shape().z && before.area > 0; z += step) {
            job_.check();
            double edge = 0;
            Outline next = continued(before, z - step, z, edge);
            if (next.area == 0) {
                if (!through_ || step * (z - *through_) > 0) return;
                next = stillIn(before, z);
            }
            add(next, z, edge);
            before = std::move(next);
        }
    }
    // The same outline in another slice, as far as it is open there.
    Outline stillIn(const Outline& before, std::int64_t z) const {
        Outline next{openIn(z)};
        for (std::int64_t i = 0; i < plane_; ++i) next.area += next.mask.data()[i] &= before.mask.data()[i];
        return next;
    }
    Outline continued(const Outline& before, std::int64_t from, std::int64_t z, double& edge);

    const Volume<float>& image_;
    const Volume<std::uint8_t>& open_;
    const std::vector<std::int32_t>& rivals_;
    const SpreadSettings settings_;
    Job& job_;
    std::int64_t plane_;
    std::optional<std::int64_t> through_;  // a slice that is reached in any case
    Spread spread_;
    int slices_ = 0;
};

Outline Spreading::continued(const Outline& before, std::int64_t from, std::int64_t z, double& edge) {
    const GeodesicField old = fieldOf(from), field = fieldOf(z);
    Volume<std::uint8_t> open = openIn(z), outside(before.mask.shape());
    for (std::int64_t i = 0; i < plane_; ++i) outside.data()[i] = before.mask.data()[i] == 0;
    const Volume<float> depth = measure::distanceTransform(before.mask, {1, 1, 1}, false, job_);
    const Volume<float> away = measure::distanceTransform(outside, {1, 1, 1}, false, job_);
    const double deepest = *std::max_element(depth.begin(), depth.end());
    const double margin = std::max(2.0, settings_.margin * deepest);
    std::vector<std::int32_t> seeds, rivals = rivalsIn(z);
    double inside = 0, around = 0, here = 0, insideCount = 0, aroundCount = 0;
    for (std::int64_t i = 0; i < plane_; ++i) {
        const float d = depth.data()[i], a = away.data()[i];
        if (d > 0) inside += old.soft.data()[i], ++insideCount;
        if (a > 0 && a <= margin + 1) around += old.soft.data()[i], ++aroundCount;
        if (open.data()[i] && d > coreFrom * deepest) seeds.push_back(std::int32_t(i)), here += field.soft.data()[i];
        if (a > margin + 1.5)
            open.data()[i] = 0;
        else if (open.data()[i] && a > margin)
            rivals.push_back(std::int32_t(i));
    }
    if (seeds.empty() || aroundCount == 0) return {};
    inside /= insideCount, around /= aroundCount, here /= double(seeds.size());
    if (std::abs(here - inside) > settings_.mostGrey * std::abs(around - inside)) return {};
    Growth growth = growRegion(field, seeds, rivals, open, plane_, job_);
    edge = growth.edge;
    Outline next = outlineOf(growth, field, open);
    std::int64_t shared = 0;
    for (std::int64_t i = 0; i < plane_; ++i) shared += before.mask.data()[i] && next.mask.data()[i];
    const auto [smaller, larger] = std::minmax(before.area, next.area);
    if (edge < leastEdge || double(larger) > mostChange * double(smaller) ||
        double(shared) < leastShared * double(smaller))
        return {};
    return next;
}

}  // namespace

Spread spreadFrom(const Volume<float>& image, std::int32_t start, const std::vector<std::int32_t>& rivals,
                  const Volume<std::uint8_t>& open, std::int64_t mostInSlice, const SpreadSettings& settings,
                  Job& job) {
    return Spreading(image, open, rivals, settings, job).run(start, mostInSlice);
}

Spread continueFrom(const Volume<float>& image, const Volume<std::uint8_t>& section, std::int64_t from,
                    std::int64_t through, const std::vector<std::int32_t>& rivals, const Volume<std::uint8_t>& open,
                    const SpreadSettings& settings, Job& job) {
    return Spreading(image, open, rivals, settings, job).run(section, from, through);
}

}  // namespace fovea::segment
