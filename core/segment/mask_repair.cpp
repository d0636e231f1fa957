#include "segment/mask_repair.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "measure/distance.h"
#include "segment/filters.h"
#include "segment/geodesic.h"
#include "segment/holes.h"
#include "segment/outline_look.h"
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
constexpr double mostBalls = 12;           // as large as so many balls that fit in at the click is what may be missing
constexpr double leastRest = 0.5;          // of the click's depth
constexpr double smooth = 1;               // blur of the outline of a region, in voxels of the finest axis
constexpr double layer = 2;                // depth of a layer, in lengths
constexpr std::int64_t mostOpen = 10'000;  // voxels that are decided at once
constexpr double looks = 3.5;              // distances from the click to the mask …
constexpr double margin = 8;               // … and so much more around it and the mask is looked at

double apart(Index a, Index b, Vec3 s) {
    return std::hypot(double(a.z - b.z) * s.z, double(a.y - b.y) * s.y, double(a.x - b.x) * s.x);
}

template <class F>
void forEach(const Box& box, F&& f) {
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) f(Index{z, y, x});
}

// Photons: the square root makes their noise even (Anscombe 1948).
Volume<float> rooted(Volume<float> image) {
    const double low = quantiles(image, {0.005})[0];
    for (float& v : image) v = float(std::sqrt(std::max(0.0, v - low)));
    return image;
}

bool isThick(const Volume<std::uint8_t>& mask, Vec3 spacing) {
    return mask.shape().z > 1 && spacing.z > thickLooksFrom;
}

// What a region is divided by, at some resolution.
struct Evidence {
    Volume<float> image;
    Volume<std::uint8_t> mask, trusted;
    Vec3 spacing;  // finest axis 1
    double depth = 0;
};

// Voxels joined to cells of about as many lengths in all directions: two along the axes that are nearly the finest.
class Coarser {
  public:
    Coarser(const Evidence& fine, const Volume<Side>& given) : n_(given.shape()) {
        Index cells;
        for (int k = 0; k < 3; ++k) {
            by_[k] = n_[k] > 1 && fine.spacing[k] < 1.5 ? 2 : 1;
            cells[k] = (n_[k] + by_[k] - 1) / by_[k];
            evidence.spacing[k] = fine.spacing[k] * double(by_[k]);
        }
        const double finest = cells.z > 1 ? std::min({evidence.spacing.z, evidence.spacing.y, evidence.spacing.x})
                                          : std::min(evidence.spacing.y, evidence.spacing.x);
        for (int k = 0; k < 3; ++k) evidence.spacing[k] /= finest;
        evidence.depth = fine.depth / finest;
        evidence.image = Volume<float>(cells);
        evidence.mask = evidence.trusted = Volume<std::uint8_t>(cells);
        sides = Volume<Side>(cells, Side::None);
        Volume<float> voxels(cells), inside(cells);
        forEach(given.box(), [&](Index v) {
            const Index c = cellOf(v);
            evidence.image[c] += fine.image[v], ++voxels[c], inside[c] += fine.mask[v];
            evidence.trusted[c] |= fine.trusted[v];
            Side& side = sides[c];
            if (side == Side::None)
                side = given[v];
            else if (given[v] != Side::None && given[v] != side)
                side = Side::Open;
        });
        for (std::int64_t i = 0; i < voxels.size(); ++i) {
            evidence.image.data()[i] /= voxels.data()[i];
            evidence.mask.data()[i] = 2 * inside.data()[i] >= voxels.data()[i];
        }
    }
    // Puts open voxels on the side of their cell, but for those beside cells of the other side.
    void refine(Volume<Side>& fine) const {
        forEach(fine.box(), [&](Index v) {
            if (fine[v] != Side::Open) return;
            const Index c = cellOf(v);
            bool alike = sides[c] == Side::Inside || sides[c] == Side::Outside;
            forEach(Box{c, c + Index{1, 1, 1}}.grown({1, 1, 1}).intersected(sides.box()),
                    [&](Index b) { alike &= sides[b] == sides[c] || sides[b] == Side::None; });
            if (alike) fine[v] = sides[c];
        });
    }
    Evidence evidence;
    Volume<Side> sides;

  private:
    Index cellOf(Index v) const { return {v.z / by_.z, v.y / by_.y, v.x / by_.x}; }
    Index n_, by_;
};

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
        const Volume<float> width = positive_ ? measure::distanceTransform(request_.mask, s, false, job_) : distance;
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
        forEach(around.intersected(request_.mask.box()), [&](Index v) {
            beside &= request_.mask[v] == request_.mask[at] || apart(v, at, request_.spacing) > 1.5 * depth;
        });
        return beside;
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
    std::vector<std::int32_t> divided(const Volume<float>& soft, const Volume<float>& distance, double depth,
                                      double& belief) const;
    double decide(const Evidence& evidence, Volume<Side>& sides) const;
    std::vector<std::int32_t> withoutLayers(const Volume<std::uint8_t>& region) const;
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
    forEach(distance.box(), [&](Index v) {
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

// The region around the click that the outline most like the mask's own divides from the rest. The ball that fits in at
// the click is its; the mask, or its next largest ball, is not too much.
std::vector<std::int32_t> Repairing::divided(const Volume<float>& soft, const Volume<float>& distance, double depth,
                                             double& belief) const {
    const Index at = request_.at;
    const Vec3 spacing = request_.spacing;
    const Side click = positive_ ? Side::Inside : Side::Outside, rest = positive_ ? Side::Outside : Side::Inside;
    const std::optional<std::int32_t> other = positive_ ? std::nullopt : middleOfTheRest(distance);
    const Index middle = other ? indexOf(*other) : at;
    Volume<Side> sides(n_);
    Volume<std::uint8_t> trusted(n_);
    forEach(sides.box(), [&](Index v) {
        const double away = apart(v, at, spacing);
        trusted[v] = away > trustedFrom * depth;
        Side& side = sides[v];
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
    sides[at] = click;
    belief = std::exp(-decide({rooted(soft), request_.mask, trusted, spacing, depth}, sides));
    Volume<std::uint8_t> region(n_);
    for (std::int64_t i = 0; i < sides.size(); ++i)
        region.data()[i] = sides.data()[i] == click && request_.mask.data()[i] == request_.mask[at];
    return withoutLayers(region);
}

// The cheapest cut; of large regions first between coarse cells, then among the voxels at the surface found (Lombaert,
// Sun, Grady, Xu 2005). Returns what a face costs on average.
double Repairing::decide(const Evidence& evidence, Volume<Side>& sides) const {
    if (std::count(sides.begin(), sides.end(), Side::Open) > mostOpen && sides.shape() != Index{1, 1, 1}) {
        Coarser coarser(evidence, sides);
        decide(coarser.evidence, coarser.sides);
        coarser.refine(sides);
    }
    const Vec3 s = evidence.spacing;
    FaceCosts costs = outlineCosts(evidence.image, evidence.mask, evidence.trusted, sides, s, job_);
    if (positive_)
        costs.voxelOutside = std::int32_t(std::lround(costUnit * pull * std::cbrt(s.z * s.y * s.x) / evidence.depth));
    return cutCheapest(sides, costs, job_);
}

// Without what is no more than a layer on an outline elsewhere: of that a click so deep tells nothing.
std::vector<std::int32_t> Repairing::withoutLayers(const Volume<std::uint8_t>& region) const {
    const Volume<float> depth = measure::distanceTransform(region, request_.spacing, false, job_);
    Volume<std::uint8_t> elsewhere(n_);  // than where it is deeper
    for (std::int64_t i = 0; i < region.size(); ++i) elsewhere.data()[i] = depth.data()[i] <= layer;
    elsewhere[request_.at] = 0;
    const Volume<float> away = measure::distanceTransform(elsewhere, request_.spacing, false, job_);
    std::vector<std::int32_t> kept;
    for (std::int64_t i = 0; i < region.size(); ++i)
        if (region.data()[i] != 0 && away.data()[i] <= 2 * layer) kept.push_back(std::int32_t(i));
    return kept;
}

// What changes sides when the region does and the outline that results is smoothed.
std::vector<std::int32_t> Repairing::smoothed(const std::vector<std::int32_t>& region) const {
    Volume<float> soft(n_);
    for (std::int64_t i = 0; i < soft.size(); ++i)
        soft.data()[i] = (request_.mask.data()[i] != 0) == positive_ ? 1.0f : 0.0f;
    for (std::int32_t i : region) soft.data()[i] = 1;
    const Vec3 s = request_.spacing;
    blur(soft, {0.5 * smooth / s.z, smooth / s.y, smooth / s.x}, job_);
    std::vector<std::int32_t> result;
    for (std::int64_t i = 0; i < soft.size(); ++i)
        if ((request_.mask.data()[i] != 0) != positive_ && soft.data()[i] >= 0.5f) result.push_back(std::int32_t(i));
    return result;
}

}  // namespace

Repair repairAt(const RepairRequest& request, Job& job) { return Repairing(request, job).run(); }

Box repairBox(const Volume<std::uint8_t>& mask, Vec3 spacing, Index at) {
    Box box{at, at + Index{1, 1, 1}};
    double away = std::numeric_limits<double>::infinity();
    forEach(mask.box(), [&](Index v) {
        if (mask[v] == 0) return;
        box = box.united({v, v + Index{1, 1, 1}});
        away = std::min(away, apart(v, at, spacing));
    });
    if (!std::isfinite(away)) return mask.box();
    const double by = margin + looks * away;
    Index grown;
    for (int k = 0; k < 3; ++k) grown[k] = std::int64_t(by / spacing[k]) + 1;
    box = box.grown(grown).intersected(mask.box());
    if (isThick(mask, spacing)) box.begin.z = 0, box.end.z = mask.shape().z;  // carried on as far as it goes
    return box;
}

}  // namespace fovea::segment
