#include "labels/brush.h"

#include <cmath>
#include <limits>
#include <optional>

namespace fovea::labels {

namespace {

struct Interval {
    double from, to;
};

void unite(std::optional<Interval>& all, std::optional<Interval> one) {
    if (!one) return;
    all = all ? Interval{std::min(all->from, one->from), std::max(all->to, one->to)} : *one;
}

// x with (x − centre)² + rest ≤ r².
std::optional<Interval> ballRow(double centre, double rest, double r) {
    const double left = r * r - rest;
    if (left < 0) return std::nullopt;
    const double half = std::sqrt(left);
    return Interval{centre - half, centre + half};
}

// The row (z, y) of the cylinder of radius r around a + t·d, 0 ≤ t ≤ 1; everything in µm.
std::optional<Interval> cylinderRow(Vec3 a, Vec3 d, double z, double y, double r) {
    const double dd = d.z * d.z + d.y * d.y + d.x * d.x;
    if (dd == 0) return std::nullopt;
    const double pz = z - a.z, py = y - a.y;
    const double along = (pz * d.z + py * d.y) / dd;  // t at px = 0
    const double slope = d.x / dd;                    // t per µm of px
    // |p|² − t²·dd ≤ r² as a quadratic in px = x − a.x
    const double A = 1 - slope * slope * dd, B = -2 * along * slope * dd,
                 C = pz * pz + py * py - along * along * dd - r * r;
    Interval x{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    if (A < 1e-12) {
        if (C > 0) return std::nullopt;
    } else {
        const double root = B * B - 4 * A * C;
        if (root < 0) return std::nullopt;
        x = {(-B - std::sqrt(root)) / (2 * A), (-B + std::sqrt(root)) / (2 * A)};
    }
    if (std::abs(slope) < 1e-12) {
        if (along < 0 || along > 1) return std::nullopt;
    } else {
        const double t0 = -along / slope, t1 = (1 - along) / slope;
        x = {std::max(x.from, std::min(t0, t1)), std::min(x.to, std::max(t0, t1))};
        if (x.from > x.to) return std::nullopt;
    }
    return Interval{x.from + a.x, x.to + a.x};
}

void mark(Stamp& stamp, Index v) {
    if (stamp.box().contains(v)) stamp.mask[v - stamp.origin] = 1;
}

Index rounded(Vec3 v) { return {std::llround(v.z), std::llround(v.y), std::llround(v.x)}; }

}  // namespace

Stamp dab(const Brush& brush, Vec3 centre, Vec3 spacing, Index volume) {
    return stroke(brush, centre, centre, spacing, volume);
}

Stamp stroke(const Brush& brush, Vec3 from, Vec3 to, Vec3 spacing, Index volume) {
    const double r = brush.diameter / 2 * (1 + 1e-9);  // centres exactly on the border belong to it
    if (!(r > 0) || !std::isfinite(r) || !(spacing.z > 0 && spacing.y > 0 && spacing.x > 0))
        throw Error(ErrorKind::Input, FOVEA_TR("The brush needs a size and the image a voxel size above zero."));
    const bool disc = brush.shape == BrushShape::Disc;
    Box box;
    Vec3 a, d;  // µm
    for (int i = 0; i < 3; ++i) {
        if (disc && i == brush.axis) to[i] = from[i] = double(std::llround(from[i]));
        const double reach = disc && i == brush.axis ? 0 : r / spacing[i];
        box.begin[i] =
            std::min<std::int64_t>(std::llround(std::min(from[i], to[i])), std::ceil(std::min(from[i], to[i]) - reach));
        box.end[i] = 1 + std::max<std::int64_t>(std::llround(std::max(from[i], to[i])),
                                                std::floor(std::max(from[i], to[i]) + reach));
        a[i] = from[i] * spacing[i];
        d[i] = (to[i] - from[i]) * spacing[i];
    }
    box = box.intersected(Box::of(volume));
    if (box.empty()) return {};
    Stamp stamp{box.begin, Volume<std::uint8_t>(box.extent())};
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y) {
            const double pz = z * spacing.z, py = y * spacing.y;
            const auto rest = [&](double cz, double cy) { return (pz - cz) * (pz - cz) + (py - cy) * (py - cy); };
            std::optional<Interval> x = ballRow(a.x, rest(a.z, a.y), r);
            unite(x, ballRow(a.x + d.x, rest(a.z + d.z, a.y + d.y), r));
            unite(x, cylinderRow(a, d, pz, py, r));
            if (!x) continue;
            const std::int64_t first = std::max<std::int64_t>(box.begin.x, std::ceil(x->from / spacing.x));
            const std::int64_t last = std::min<std::int64_t>(box.end.x - 1, std::floor(x->to / spacing.x));
            std::uint8_t* row = stamp.mask.data() + stamp.mask.offset(z - box.begin.z, y - box.begin.y, 0);
            for (std::int64_t i = first; i <= last; ++i) row[i - box.begin.x] = 1;
        }
    mark(stamp, rounded(from));
    mark(stamp, rounded(to));
    return stamp;
}

}  // namespace fovea::labels
