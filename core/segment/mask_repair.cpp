#include "segment/mask_repair.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "base/parallel.h"
#include "data/mask_box.h"
#include "measure/distance.h"
#include "segment/filters.h"
#include "segment/geodesic.h"
#include "segment/holes.h"
#include "segment/outline_cut.h"
#include "segment/outline_move.h"
#include "segment/propagate.h"
#include "segment/section_step.h"

namespace fovea::segment {
namespace {

constexpr double deepMissing = 0.8, deepTooMuch = 0.6;  // moves, in half-widths, from where a click is deep
constexpr double reach = 4;                             // how far from a deep click its region goes, in its depths …
constexpr double across = 2.1;                          // … and how far from the outline
constexpr double trustedFrom = 1.5;  // of the depth, from the click: the outline is probably right and tells its look
// For every voxel that a click adds, in faces and for a depth of one voxel: a cut is short where the image tells
// nothing, and what is missing larger than that.
constexpr double pull = 0.4;
constexpr double mostBalls = 12;   // as large as so many balls that fit in at the click is what may be missing
constexpr double leastRest = 0.5;  // of the click's depth
constexpr double smooth = 1;       // blur of the outline of a region, in voxels of the finest axis
constexpr double layer = 2;        // depth of a layer, in lengths
constexpr double looks = 3.5;      // distances from the click to the mask …
constexpr double margin = 8;       // … and so much more around it and the mask is looked at

double apart(Index a, Index b, Vec3 s) {
    const double z = double(a.z - b.z) * s.z, y = double(a.y - b.y) * s.y, x = double(a.x - b.x) * s.x;
    return std::sqrt(z * z + y * y + x * x);
}

// Whole voxels that reach so far.
Index voxels(double lengths, Vec3 spacing) {
    Index n;
    for (int k = 0; k < 3; ++k) n[k] = std::int64_t(lengths / spacing[k]) + 1;
    return n;
}

bool isThick(const Volume<std::uint8_t>& mask, Vec3 spacing) {
    return mask.shape().z > 1 && spacing.z > thickLooksFrom;
}

class Repairing {
  public:
    Repairing(const RepairRequest& request, Job& job)
        : request_(request),
          job_(job),
          n_(request.mask.shape()),
          positive_(request.mask[request.at] == 0),
          thick_(isThick(request.mask, request.spacing)) {}

    Repair run() {
        const bool newSection = positive_ && thick_ && !hasAny(request_.at.z);
        if (newSection)
            if (std::optional<Repair> carried = carryOn()) return std::move(*carried);
        Volume<float> soft = request_.image;
        for (float& v : soft)
            if (!std::isfinite(v)) v = 0;
        const Vec3 s = request_.spacing;
        blur(soft, {1 / s.z, 1 / s.y, 1 / s.x}, job_);
        OutlineClick click{soft, request_.mask, s, request_.at, thick_, request_.settled};
        const Volume<float> distance = distanceToOutline(click, job_);
        const Volume<float> width = positive_ ? depthOf(request_.mask) : distance;
        click.halfWidth = *std::max_element(width.begin(), width.end());
        Repair repair;
        repair.depth = distance[click.at];
        if (!std::isfinite(repair.depth)) {  // no outline in sight
            grow(soft, distance, repair);
            repair.depth = 0;
        } else if (newSection || besideOtherSection(repair.depth) ||
                   2 * repair.depth > (positive_ ? deepMissing : deepTooMuch) * click.halfWidth) {
            grow(soft, distance, repair);
        } else {
            OutlineMove move = moveOutline(click, distance, job_);
            repair.voxels = std::move(move.voxels);
            if (!move.allRound) keepNearest(repair.voxels, atMost(repair.depth));
            repair.belief = move.belief, repair.settles = move.allRound;
        }
        std::erase_if(repair.voxels, [&](std::int32_t i) { return request_.open.data()[i] == 0; });
        return repair;
    }

  private:
    bool hasAny(std::int64_t z) const {
        const std::uint8_t* first = request_.mask.data() + request_.mask.offset(z, 0, 0);
        return std::find(first, first + n_.y * n_.x, 1) != first + n_.y * n_.x;
    }
    // In thick sections: whether the outline is nearer in another section than in that of the click.
    bool besideOtherSection(double depth) const {
        if (!thick_) return false;
        const Index at = request_.at;
        const Box around =
            Box{at, at + Index{1, 1, 1}}.grown({0, std::int64_t(1.5 * depth), std::int64_t(1.5 * depth)});
        bool beside = true;
        forEachVoxel(around.intersected(request_.mask.box()), [&](Index v) {
            beside &= request_.mask[v] == request_.mask[at] || apart(v, at, request_.spacing) > 1.5 * depth;
        });
        return beside;
    }
    // Distances to the nearest voxel that is 0, of the smallest box around those that are not and one voxel more.
    Volume<float> depthOf(const Volume<std::uint8_t>& mask) const {
        const Box box = boxOf(mask).grown({1, 1, 1}).intersected(mask.box());
        return measure::distanceTransform(crop(mask, box), request_.spacing, false, job_);
    }
    Index indexOf(std::int32_t i) const { return {i / (n_.y * n_.x), i / n_.x % n_.y, i % n_.x}; }
    // Voxels that a click so deep may change.
    std::int64_t atMost(double depth) const {
        const Vec3 s = request_.spacing;
        const double ball = 4.0 / 3 * std::numbers::pi * std::pow(depth, 3) / (s.z * s.y * s.x);
        return std::isfinite(ball) ? std::int64_t(mostBalls * ball) + 1 : request_.mask.size();
    }
    void keepNearest(std::vector<std::int32_t>& voxels, std::int64_t most) const;
    std::optional<Repair> carryOn() const;
    std::optional<std::int32_t> middleOfTheRest(const Volume<float>& distance) const;
    void grow(const Volume<float>& soft, const Volume<float>& distance, Repair& repair) const;
    Box reached(double depth) const;
    std::vector<std::int32_t> divided(const Volume<float>& soft, const Volume<float>& distance, double depth,
                                      double& belief) const;
    std::vector<Index> withoutLayers(const Volume<std::uint8_t>& region, Index at) const;
    std::vector<std::int32_t> smoothed(const std::vector<std::int32_t>& region) const;

    const RepairRequest& request_;
    Job& job_;
    const Index n_;
    const bool positive_, thick_;
};

// To the click.
void Repairing::keepNearest(std::vector<std::int32_t>& voxels, std::int64_t most) const {
    if (most >= std::int64_t(voxels.size())) return;
    std::vector<std::pair<double, std::int32_t>> order;
    for (const std::int32_t i : voxels) order.push_back({apart(indexOf(i), request_.at, request_.spacing), i});
    std::nth_element(order.begin(), order.begin() + most, order.end());
    voxels.clear();
    for (std::int64_t k = 0; k < most; ++k) voxels.push_back(order[std::size_t(k)].second);
}

// The nearest section of the object carried on to that of the click and beyond. Absent where the click is not reached.
std::optional<Repair> Repairing::carryOn() const {
    const Index at = request_.at;
    const auto section = [&](std::int64_t z) { return Box{{z, 0, 0}, {z + 1, n_.y, n_.x}}; };
    std::int64_t from = at.z;
    for (std::int64_t d = 1; d < n_.z && from == at.z; ++d)
        for (const std::int64_t z : {at.z - d, at.z + d})
            if (z >= 0 && z < n_.z && from == at.z && hasAny(z)) from = z;
    Spread found = continueFrom(request_.image, crop(request_.mask, section(from)), from, at.z, request_.rivals,
                                request_.open, SpreadSettings{}, job_);
    if (std::find(found.voxels.begin(), found.voxels.end(), request_.mask.offset(at)) == found.voxels.end()) return {};
    return Repair{std::move(found.voxels), 0, found.edge, true};
}

// Where the largest ball fits into the mask beside the one around the click: what is to stay, joined with what is too
// much. Absent when that is small.
std::optional<std::int32_t> Repairing::middleOfTheRest(const Volume<float>& distance) const {
    const double depth = distance[request_.at];
    double deepest = leastRest * depth;
    std::optional<std::int32_t> middle;
    forEachVoxel(distance.box(), [&](Index v) {
        const double d = distance[v];
        if (d > deepest && std::isfinite(d) && apart(v, request_.at, request_.spacing) >= d + depth)
            deepest = d, middle = std::int32_t(distance.offset(v));
    });
    return middle;
}

// Where there is an outline in sight its like divides off what changes, else a region grows from the click.
void Repairing::grow(const Volume<float>& soft, const Volume<float>& distance, Repair& repair) const {
    repair.settles = true;
    if (std::isfinite(repair.depth)) {
        repair.voxels = smoothed(divided(soft, distance, repair.depth, repair.belief));
        return;
    }
    Growth growth = growFrom(makeField(request_.image, job_), std::int32_t(request_.open.offset(request_.at)),
                             request_.rivals, request_.open, request_.open.size(), job_);
    fillHoles(growth.voxels, n_);
    repair.voxels = smoothed(growth.voxels);
    repair.belief = growth.edge;
}

// What a click so deep may change, with the mask and as much around as it is judged by.
Box Repairing::reached(double depth) const {
    const Vec3 s = request_.spacing;
    const Box mask = boxOf(request_.mask), click{request_.at, request_.at + Index{1, 1, 1}};
    const Box open = click.grown(voxels(3 + reach * depth, s)).intersected(mask.grown(voxels(2 + across * depth, s)));
    return (positive_ ? mask.united(open) : mask).grown(voxels(margin, s)).intersected(request_.mask.box());
}

// The region around the click that the outline most like the mask's own divides from the rest. The ball that fits in at
// the click is its; the mask, or its next largest ball, is not too much.
std::vector<std::int32_t> Repairing::divided(const Volume<float>& soft, const Volume<float>& distance, double depth,
                                             double& belief) const {
    const Index at = request_.at;
    const Vec3 spacing = request_.spacing;
    const Side click = positive_ ? Side::Inside : Side::Outside, rest = positive_ ? Side::Outside : Side::Inside;
    const std::optional<std::int32_t> other = positive_ ? std::nullopt : middleOfTheRest(distance);
    const Index middle = other ? indexOf(*other) : at;
    const Box part = reached(depth);
    Evidence evidence{crop(soft, part), crop(request_.mask, part), Volume<std::uint8_t>(part.extent()), spacing,
                      positive_ ? pull / depth : 0};
    Volume<Side> sides(part.extent());
    // Photons: the square root makes their noise even (Anscombe 1948).
    const double low = quantiles(soft, {0.005})[0];
    parallelFor(part.extent().z, job_, [&](std::int64_t z) {
        const Box section{{z, 0, 0}, {z + 1, part.extent().y, part.extent().x}};
        forEachVoxel(section.shifted(part.begin), [&](Index v) {
            const std::int64_t i = sides.offset(v - part.begin);
            float& grey = evidence.image.data()[i];
            grey = float(std::sqrt(std::max(0.0, grey - low)));
            const double away = apart(v, at, spacing);
            evidence.trusted.data()[i] = away > trustedFrom * depth;
            Side& side = sides.data()[i];
            if (request_.mask[v] != request_.mask[at])
                side = positive_ ? Side::Inside : Side::None;
            else if (!request_.open[v] || distance[v] > across * depth + 0.5 || away > 3 + reach * depth)
                side = rest;
            else if (away <= depth)
                side = click;
            else if (other && apart(v, middle, spacing) <= distance[middle])
                side = rest;
            else
                side = Side::Open;
        });
    });
    sides[at - part.begin] = click;
    belief = std::exp(-cutByLook(evidence, sides, job_));
    Volume<std::uint8_t> region(part.extent());
    for (std::int64_t i = 0; i < sides.size(); ++i)
        region.data()[i] = sides.data()[i] == click && evidence.mask.data()[i] == request_.mask[at];
    std::vector<std::int32_t> kept;
    for (const Index& v : withoutLayers(region, at - part.begin))
        kept.push_back(std::int32_t(request_.mask.offset(v + part.begin)));
    return kept;
}

// Without what is no more than a layer on an outline elsewhere: of that a click so deep tells nothing.
std::vector<Index> Repairing::withoutLayers(const Volume<std::uint8_t>& region, Index at) const {
    const Box box = boxOf(region).grown({1, 1, 1}).intersected(region.box());
    const Volume<float> depth = measure::distanceTransform(crop(region, box), request_.spacing, false, job_);
    Volume<std::uint8_t> elsewhere(box.extent());  // than where it is deeper
    for (std::int64_t i = 0; i < elsewhere.size(); ++i) elsewhere.data()[i] = depth.data()[i] <= layer;
    elsewhere[at - box.begin] = 0;
    const Volume<float> away = measure::distanceTransform(elsewhere, request_.spacing, false, job_);
    std::vector<Index> kept;
    forEachVoxel(box, [&](Index v) {
        if (region[v] != 0 && away[v - box.begin] <= 2 * layer) kept.push_back(v);
    });
    return kept;
}

// What changes sides when the region does and the outline that results is smoothed.
std::vector<std::int32_t> Repairing::smoothed(const std::vector<std::int32_t>& region) const {
    const Vec3 s = request_.spacing;
    Box box = boxOf(request_.mask);
    for (std::int32_t i : region) box = box.united({indexOf(i), indexOf(i) + Index{1, 1, 1}});
    box = box.grown(voxels(3 * smooth, s)).intersected(request_.mask.box());  // no blur reaches further
    const Volume<std::uint8_t> before = crop(request_.mask, box);
    Volume<float> soft(before.shape());
    for (std::int64_t i = 0; i < soft.size(); ++i) soft.data()[i] = (before.data()[i] != 0) == positive_ ? 1.0f : 0.0f;
    for (std::int32_t i : region) soft[indexOf(i) - box.begin] = 1;
    blur(soft, {0.5 * smooth / s.z, smooth / s.y, smooth / s.x}, job_);
    std::vector<std::int32_t> result;
    forEachVoxel(box, [&](Index v) {
        const Index here = v - box.begin;
        if ((before[here] != 0) != positive_ && soft[here] >= 0.5f)
            result.push_back(std::int32_t(request_.mask.offset(v)));
    });
    return result;
}

}  // namespace

Repair repairAt(const RepairRequest& request, Job& job) { return Repairing(request, job).run(); }

Box repairBox(const Volume<std::uint8_t>& mask, Vec3 spacing, Index at) {
    const Box object = boxOf(mask);
    if (object.empty()) return mask.box();
    double away = std::numeric_limits<double>::infinity();
    forEachVoxel(object, [&](Index v) {
        if (mask[v] != 0) away = std::min(away, apart(v, at, spacing));
    });
    Box box = object.united({at, at + Index{1, 1, 1}}).grown(voxels(margin + looks * away, spacing));
    box = box.intersected(mask.box());
    if (isThick(mask, spacing)) box.begin.z = 0, box.end.z = mask.shape().z;  // carried on as far as it goes
    return box;
}

}  // namespace fovea::segment
