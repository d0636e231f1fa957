#include <algorithm>
#include <limits>
#include <numbers>

#include "data/synthetic_parts.h"
#include "data/synthetic_tissue.h"

namespace fovea::synthetic {

namespace {

constexpr double rim = 2.5;               // pixels around a mitochondrion that its outer membrane darkens
constexpr std::int64_t leastVoxels = 60;  // smaller slivers of a cut tube are not painted

// What is painted over the cytoplasm once it is known which pieces are objects.
struct Stroke {
    std::int64_t offset;
    float value;  // grey
    float cover;  // 0..1
    bool inside;
};

// The mitochondrion nearest to each pixel of a section.
struct Nearest {
    std::vector<float> distance, along;
    std::vector<std::int32_t> index;  // -1: none near
};

// The larger of two distances, blended where they are close: the intersection of two shapes with its edge rounded off.
double roundedMax(double a, double b) {
    constexpr double radius = 12;
    const double near = std::max(radius - std::abs(a - b), 0.0);
    return std::max(a, b) + near * near / (4 * radius);
}

class EmPainter {
  public:
    EmPainter(Index shape, std::uint64_t seed, Job& job) : shape_(shape), seed_(seed), job_(job), cells_(seed) {
        JobPart placing(job_, 0, 0.2);
        mitochondria_ = placeMitochondria(cells_, shape, seed, placing);
        sample_.image = Volume<std::uint8_t>(shape);
        sample_.truth = Volume<std::int32_t>(shape);
        sample_.image.geometry.spacing = sample_.truth.geometry.spacing = {0.05, 0.005, 0.005};
        sample_.image.geometry.known = sample_.truth.geometry.known = true;
    }

    SyntheticSample paint() {
        eachSection(0.2, 0.9, [&](std::int64_t z) { paintSection(z); });
        numberPieces(sample_.truth, leastVoxels, job_);
        for (const Stroke& stroke : strokes_) {
            if (stroke.inside && sample_.truth.data()[stroke.offset] == 0) continue;
            std::uint8_t& grey = sample_.image.data()[stroke.offset];
            grey = std::uint8_t(std::lround(grey + stroke.cover * (stroke.value - grey)));
        }
        eachSection(0.9, 1, [&](std::int64_t z) { expose(z); });
        return std::move(sample_);
    }

  private:
    // One section after the other, as this stretch of the job.
    template <class F>
    void eachSection(double from, double to, F&& f) const {
        JobPart part(job_, from, to);
        for (std::int64_t z = 0; z < shape_.z; ++z) {
            part.check();
            part.progress(double(z), double(shape_.z), inventing);
            f(z);
        }
    }
    std::vector<float> noise(int which, Vec3 grid, std::int64_t z) const {
        return SmoothNoise(seed_ + 100 + std::uint64_t(which), grid).section(double(z), shape_.y, shape_.x);
    }
    Nearest nearestMitochondria(std::int64_t z, const std::vector<Cells::Here>& cells) const;
    void paintSection(std::int64_t z);
    void addStroke(std::int64_t z, std::int64_t y, std::int64_t x, std::size_t at, const Nearest& near, float texture,
                   float warp);
    double vesicles(std::int64_t z, std::int64_t y, std::int64_t x) const;
    double denseBody(std::int64_t z, std::int64_t y, std::int64_t x) const;
    void expose(std::int64_t z);

    Index shape_;
    std::uint64_t seed_;
    Job& job_;
    Cells cells_;
    std::vector<Mitochondrion> mitochondria_;
    std::vector<Stroke> strokes_;
    SyntheticSample sample_;
};

Nearest EmPainter::nearestMitochondria(std::int64_t z, const std::vector<Cells::Here>& cells) const {
    const std::size_t count = cells.size();
    Nearest near{std::vector<float>(count, std::numeric_limits<float>::max()), std::vector<float>(count),
                 std::vector<std::int32_t>(count, -1)};
    for (std::size_t m = 0; m < mitochondria_.size(); ++m) {
        const Mitochondrion& one = mitochondria_[m];
        const Box box = one.box(shape_, rim);
        if (z < box.begin.z || z >= box.end.z) continue;
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) {
                const std::size_t at = std::size_t(y * shape_.x + x);
                if (cells[at].cell != one.cell) continue;
                const auto [value, along] = one.distance(double(z) * sectionPixels, double(y), double(x));
                const double clipped = roundedMax(value, 5 - cells[at].border);  // it stays within its cell
                if (clipped > rim || clipped >= double(near.distance[at])) continue;
                near.distance[at] = float(clipped);
                near.along[at] = float(along);
                near.index[at] = std::int32_t(m);
            }
    }
    return near;
}

// Round vesicles of 35–50 nm in clusters: places of a lattice, jittered.
double EmPainter::vesicles(std::int64_t z, std::int64_t y, std::int64_t x) const {
    constexpr std::int64_t pitch = 13;
    double change = 0;
    for (std::int64_t j = y / pitch - 1; j <= y / pitch + 1; ++j)
        for (std::int64_t i = x / pitch - 1; i <= x / pitch + 1; ++i) {
            if (hash01(seed_ + 201, z, j, i) > 0.6) continue;
            const double cy = (double(j) + 0.25 + 0.5 * hash01(seed_ + 202, z, j, i)) * pitch;
            const double cx = (double(i) + 0.25 + 0.5 * hash01(seed_ + 203, z, j, i)) * pitch;
            const double radius = 3.3 + 1.6 * hash01(seed_ + 204, z, j, i);
            const double r = std::hypot(double(y) - cy, double(x) - cx);
            if (r < radius + 4) change += 14 * clamp01(radius - r) - 62 * bell(r - radius, 1.05);
        }
    return change;
}

// How much of a dark, structureless body (a lysosome: what is dark but no mitochondrion) covers this place.
double EmPainter::denseBody(std::int64_t z, std::int64_t y, std::int64_t x) const {
    constexpr std::int64_t pitch = 110, depth = 5;
    double cover = 0;
    for (std::int64_t k = z / depth - 1; k <= z / depth + 1; ++k) {
        const std::int64_t j = y / pitch, i = x / pitch;
        if (hash01(seed_ + 211, k, j, i) > 0.5) continue;
        const double radius = 12 + 12 * hash01(seed_ + 212, k, j, i);
        const double cz = (double(k) + 0.5) * depth,
                     cy = (double(j) + 0.2 + 0.6 * hash01(seed_ + 213, k, j, i)) * pitch,
                     cx = (double(i) + 0.2 + 0.6 * hash01(seed_ + 214, k, j, i)) * pitch;
        const double dz = (double(z) - cz) * sectionPixels;
        const double r = std::sqrt(dz * dz + (double(y) - cy) * (double(y) - cy) + (double(x) - cx) * (double(x) - cx));
        cover = std::max(cover, clamp01((radius - r) / 2.5));
    }
    return cover;
}

// Outer and inner membrane, a paler gap between them, a dark matrix and folds across the tube.
void EmPainter::addStroke(std::int64_t z, std::int64_t y, std::int64_t x, std::size_t at, const Nearest& near,
                          float texture, float warp) {
    const double d = double(near.distance[at]);
    const std::int32_t which = near.index[at];
    const double angle = 2 * std::numbers::pi * hash01(seed_ + 221, which);
    const double run =
        double(near.along[at]) + 0.55 * (double(y) * std::sin(angle) + double(x) * std::cos(angle)) + 13 * double(warp);
    const double pitch = 11 + 5 * hash01(seed_ + 222, which);
    const double fold = std::cos(2 * std::numbers::pi * run / pitch);
    const double deep = clamp01((-d - 6.5) / 3);
    // Matrices differ: some are hardly darker than the cytoplasm around them.
    double grey = 112 + 60 * (hash01(seed_ + 223, which) - 0.5) + 13 * double(texture);
    grey += deep * (30 * fold * (0.6 + 0.6 * double(warp)));
    grey += 26 * bell(d + 3.4, 0.9) - 40 * bell(d + 5.6, 1.1);
    const double outer = bell(d + 0.6, 1.25);
    grey += outer * (52 - grey);
    const double cover = d <= 0 ? 1 : std::max(outer, clamp01(1 - d));
    strokes_.push_back(
        {z * shape_.y * shape_.x + std::int64_t(at), float(std::clamp(grey, 0.0, 255.0)), float(cover), d <= 0});
}

void EmPainter::paintSection(std::int64_t z) {
    const std::vector<Cells::Here> cells = cells_.section(double(z), shape_.y, shape_.x);
    const Nearest near = nearestMitochondria(z, cells);
    const auto grain = noise(0, {0.8, 3.2, 3.2}, z), clumps = noise(1, {0.9, 8, 8}, z),
               cloud = noise(2, {2, 34, 34}, z);
    const auto crowd = noise(3, {2.5, 60, 60}, z), sheet = noise(4, {3, 36, 36}, z), warp = noise(5, {2, 26, 26}, z);
    const std::int64_t first = z * shape_.y * shape_.x;
    for (std::int64_t y = 0; y < shape_.y; ++y)
        for (std::int64_t x = 0; x < shape_.x; ++x) {
            const std::size_t at = std::size_t(y * shape_.x + x);
            const Cells::Here& here = cells[at];
            const double inner = clamp01((here.border - 5) / 4);
            double grey = 160 + 40 * (hash01(seed_ + 231, here.cell) - 0.5) + 15 * double(grain[at]) +
                          11 * double(clumps[at]) + 8 * double(cloud[at]);
            // Endoplasmic reticulum: thin dark sheets where a smooth noise crosses zero, in part of the cells.
            if (warp[at] > 0.1f)
                grey -= inner * 46 * clamp01(4 * double(warp[at]) - 0.4) * bell(double(sheet[at]) * 22, 1.2);
            if (crowd[at] > 0.34f) grey += inner * clamp01(8 * (double(crowd[at]) - 0.34)) * vesicles(z, y, x);
            const double body = inner * denseBody(z, y, x);
            grey += body * (92 + 14 * double(clumps[at]) - grey);
            grey -= (grey - 58) * bell(here.border, 1.7 + 0.5 * double(cloud[at]));
            sample_.image.data()[first + std::int64_t(at)] = std::uint8_t(std::clamp(std::lround(grey), 0L, 255L));
            if (near.index[at] < 0) continue;
            addStroke(z, y, x, at, near, 0.6f * grain[at] + 0.4f * clumps[at], warp[at]);
            if (near.distance[at] <= 0) sample_.truth.data()[first + std::int64_t(at)] = near.index[at] + 1;
        }
}

// Each section has its own brightness, contrast and shading; then the detector's noise.
void EmPainter::expose(std::int64_t z) {
    const double gain = 0.92 + 0.16 * hash01(seed_ + 241, z), offset = 16 * (hash01(seed_ + 242, z) - 0.5);
    const auto shade = noise(6, {1.5, 300, 300}, z);
    Rng rng(seed_, 1000 + std::uint64_t(z));
    std::uint8_t* grey = sample_.image.data() + z * shape_.y * shape_.x;
    for (std::size_t i = 0; i < shade.size(); ++i) {
        const double value =
            128 + gain * (double(grey[i]) - 128) + offset + 13 * double(shade[i]) + 8 * roughNormal(rng);
        grey[i] = std::uint8_t(std::clamp(std::lround(value), 0L, 255L));
    }
}

}  // namespace

SyntheticSample makeEm(Index shape, std::uint64_t seed, Job& job) { return EmPainter(shape, seed, job).paint(); }

}  // namespace fovea::synthetic
