#include <algorithm>
#include <array>
#include <numbers>

#include "data/synthetic_noise.h"
#include "data/synthetic_parts.h"

namespace fovea::synthetic {

namespace {

constexpr Vec3 spacing{0.3, 0.13, 0.13};  // µm

// An ellipsoid with a wavy surface; lengths in µm.
struct Nucleus {
    Vec3 centre;
    std::array<Vec3, 3> axes;  // unit vectors divided by the half lengths
    double largest = 0;        // half length
    double brightness = 0;
    SmoothNoise wave{0, {1, 1, 1}};

    // 0 at the centre, 1 on the surface.
    double depth(const Vec3& at) const {
        const Vec3 d{at.z - centre.z, at.y - centre.y, at.x - centre.x};
        double sum = 0;
        for (const Vec3& axis : axes) {
            const double part = axis.z * d.z + axis.y * d.y + axis.x * d.x;
            sum += part * part;
        }
        return std::sqrt(sum) * (1 + 0.09 * wave.at(at.z, at.y, at.x));
    }
};

Nucleus makeNucleus(Rng& rng, const Vec3& centre, std::uint64_t seed) {
    const double turn = 2 * std::numbers::pi;
    const double heading = turn * rng.uniform(), tilt = rng.uniform(-0.5, 0.5);
    const double size = rng.uniform(2.5, 3.9), stretch = rng.uniform(1.0, 1.45);
    const Vec3 u{std::sin(tilt), std::cos(tilt) * std::sin(heading), std::cos(tilt) * std::cos(heading)};
    const Vec3 v{0, std::cos(heading), -std::sin(heading)};
    const Vec3 w{u.y * v.x - u.x * v.y, u.x * v.z - u.z * v.x, u.z * v.y - u.y * v.z};
    const double a = size * stretch, b = size * rng.uniform(0.85, 1.05), c = size * rng.uniform(0.75, 1.0);
    Nucleus one{centre, {Vec3{u.z / a, u.y / a, u.x / a}, {v.z / b, v.y / b, v.x / b}, {w.z / c, w.y / c, w.x / c}}};
    one.largest = a;
    one.brightness = rng.uniform(85, 165);
    one.wave = SmoothNoise(seed, {2.2, 2.2, 2.2});
    return one;
}

// Random places; a part may press against a neighbour, none may sit inside another.
std::vector<Nucleus> placeNuclei(const Vec3& size, std::uint64_t seed, Job& job) {
    Rng rng(seed, 601);
    constexpr double outside = 2.5;  // µm around the volume
    const std::int64_t tries =
        std::int64_t(std::ceil((size.z + 2 * outside) * (size.y + 2 * outside) * (size.x + 2 * outside) / 90));
    std::vector<Nucleus> placed;
    for (std::int64_t i = 0; i < tries; ++i) {
        job.check();
        job.progress(double(i), double(tries), inventing);
        const Vec3 centre{rng.uniform(-outside, size.z + outside), rng.uniform(-outside, size.y + outside),
                          rng.uniform(-outside, size.x + outside)};
        Nucleus candidate = makeNucleus(rng, centre, seed + 700 + std::uint64_t(i));
        const double closest = rng.uniform() < 0.45 ? 1.0 : 1.35;
        const auto keepsOff = [&](const Nucleus& other) {
            // At the middle of the line between both centres each sees half of its depth at the other's centre.
            const double a = other.depth(candidate.centre), b = candidate.depth(other.centre);
            return a * b / (a + b) > closest * 0.93;
        };
        if (std::all_of(placed.begin(), placed.end(), keepsOff)) placed.push_back(candidate);
    }
    return placed;
}

Box boxOf(const Nucleus& one, Index shape) {
    Box box;
    for (int axis = 0; axis < 3; ++axis) {
        const double reach = one.largest * 1.15;
        box.begin[axis] = std::int64_t(std::floor((one.centre[axis] - reach) / spacing[axis]));
        box.end[axis] = std::int64_t(std::ceil((one.centre[axis] + reach) / spacing[axis])) + 1;
    }
    return box.intersected(Box::of(shape));
}

// Light and truth before the optics.
void paintNuclei(const std::vector<Nucleus>& nuclei, std::uint64_t seed, Volume<float>& light,
                 Volume<std::int32_t>& truth, Job& job) {
    const SmoothNoise chromatin(seed + 801, {1.0, 0.9, 0.9}), fine(seed + 802, {0.5, 0.4, 0.4}),
        nucleoli(seed + 803, {1.7, 1.7, 1.7});
    Volume<float> depths(light.shape(), 1.0f);
    for (std::size_t n = 0; n < nuclei.size(); ++n) {
        job.check();
        job.progress(double(n), double(nuclei.size()), inventing);
        const Nucleus& one = nuclei[n];
        const Box box = boxOf(one, light.shape());
        for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
            for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
                for (std::int64_t x = box.begin.x; x < box.end.x; ++x) {
                    const Vec3 at{double(z) * spacing.z, double(y) * spacing.y, double(x) * spacing.x};
                    const double depth = one.depth(at);
                    if (depth >= double(depths(z, y, x))) continue;
                    depths(z, y, x) = float(depth);
                    truth(z, y, x) = std::int32_t(n) + 1;
                    double texture = 1 + 0.30 * chromatin.at(at.z, at.y, at.x) + 0.20 * fine.at(at.z, at.y, at.x);
                    texture -= 0.55 * clamp01(4 * (nucleoli.at(at.z, at.y, at.x) - 0.42)) * clamp01(3 * (0.85 - depth));
                    texture += 0.15 * bell(depth - 0.9, 0.06);  // chromatin along the envelope
                    // The nucleus that owns a voxel at the border lights half of it only.
                    light(z, y, x) = float(one.brightness * texture * clamp01(6 * (1.04 - depth)));
                }
    }
}

// Gaussian along one axis, edges repeated. Works on runs of neighbouring voxels, so that it is as fast along z as along
// x.
void blur(Volume<float>& volume, int axis, double sigma) {
    const int reach = int(std::ceil(3 * sigma));
    std::vector<float> kernel;
    double sum = 0;
    for (int i = -reach; i <= reach; ++i) sum += bell(i, sigma);
    for (int i = -reach; i <= reach; ++i) kernel.push_back(float(bell(i, sigma) / sum));
    const Index shape = volume.shape();
    const std::int64_t length = shape[axis], stride = axis == 0 ? shape.y * shape.x : axis == 1 ? shape.x : 1;
    constexpr std::int64_t widest = 512;
    std::vector<float> padded(std::size_t((length + 2 * reach) * std::min(stride, widest)));
    for (std::int64_t first = 0; first < volume.size(); first += length * stride)
        for (std::int64_t column = 0; column < stride; column += widest) {
            const std::int64_t run = std::min(widest, stride - column);
            float* from = volume.data() + first + column;
            for (std::int64_t i = -reach; i < length + reach; ++i)
                std::copy_n(from + std::clamp<std::int64_t>(i, 0, length - 1) * stride, run,
                            padded.data() + (i + reach) * run);
            for (std::int64_t i = 0; i < length; ++i) {
                float* to = from + i * stride;
                std::fill_n(to, run, 0.0f);
                for (std::size_t k = 0; k < kernel.size(); ++k) {
                    const float* row = padded.data() + (i + std::int64_t(k)) * run;
                    const float weight = kernel[k];
                    for (std::int64_t x = 0; x < run; ++x) to[x] += weight * row[x];
                }
            }
        }
}

// What shines through from out of focus: a wide blur, made on a grid four times coarser in y and x.
class Haze {
  public:
    explicit Haze(const Volume<float>& light)
        : coarse_({light.shape().z, light.shape().y / step + 1, light.shape().x / step + 1}) {
        const Index shape = light.shape();
        for (std::int64_t z = 0; z < shape.z; ++z)
            for (std::int64_t y = 0; y < shape.y; ++y)
                for (std::int64_t x = 0; x < shape.x; ++x)
                    coarse_(z, y / step, x / step) += light(z, y, x) / (step * step);
        blur(coarse_, 0, 3.0);
        blur(coarse_, 1, 2.25);
        blur(coarse_, 2, 2.25);
    }
    double at(std::int64_t z, std::int64_t y, std::int64_t x) const {
        const Index n = coarse_.shape();
        const std::int64_t y0 = y / step, x0 = x / step, y1 = std::min(y0 + 1, n.y - 1), x1 = std::min(x0 + 1, n.x - 1);
        const double fy = double(y % step) / step, fx = double(x % step) / step;
        return (1 - fy) * ((1 - fx) * double(coarse_(z, y0, x0)) + fx * double(coarse_(z, y0, x1))) +
               fy * ((1 - fx) * double(coarse_(z, y1, x0)) + fx * double(coarse_(z, y1, x1)));
    }

  private:
    static constexpr int step = 4;
    Volume<float> coarse_;
};

}  // namespace

SyntheticSample makeNuclei(Index shape, std::uint64_t seed, Job& job) {
    SyntheticSample sample{Volume<std::uint8_t>(shape), Volume<std::int32_t>(shape)};
    sample.image.geometry.spacing = sample.truth.geometry.spacing = spacing;
    sample.image.geometry.known = sample.truth.geometry.known = true;
    const Vec3 size{double(shape.z) * spacing.z, double(shape.y) * spacing.y, double(shape.x) * spacing.x};
    Volume<float> light(shape);
    JobPart placing(job, 0, 0.1), painting(job, 0.1, 0.6), exposing(job, 0.7, 1);
    paintNuclei(placeNuclei(size, seed, placing), seed, light, sample.truth, painting);
    numberPieces(sample.truth, 30, job);

    for (int axis = 0; axis < 3; ++axis) {
        job.check();
        blur(light, axis, axis == 0 ? 1.1 : 1.0);
    }
    const Haze haze(light);
    const SmoothNoise glow(seed + 811, {12, 90, 90});
    for (std::int64_t z = 0, i = 0; z < shape.z; ++z) {
        exposing.check();
        exposing.progress(double(z), double(shape.z), inventing);
        const auto background = glow.section(double(z), shape.y, shape.x);
        Rng rng(seed, 2000 + std::uint64_t(z));
        for (std::int64_t y = 0, at = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x, ++at, ++i) {
                const double value =
                    13 + 5 * double(background[std::size_t(at)]) + 0.18 * haze.at(z, y, x) + double(light.data()[i]);
                const double noisy = value + std::sqrt(0.9 * value + 4) * roughNormal(rng);  // shot and reader's noise
                sample.image.data()[i] = std::uint8_t(std::clamp(std::lround(noisy), 0L, 255L));
            }
    }
    return sample;
}

}  // namespace fovea::synthetic
