#include "segment/filters.h"

#include <algorithm>
#include <cmath>

#include "base/for_each_cpu.h"
#include "base/parallel.h"

namespace fovea::segment {
namespace {

std::vector<float> kernel(double sigma) {
    const int radius = std::max(1, int(std::ceil(3 * sigma)));
    std::vector<float> weights(std::size_t(2 * radius + 1));
    double sum = 0;
    for (int i = -radius; i <= radius; ++i)
        sum += weights[std::size_t(i + radius)] = float(std::exp(-0.5 * i * i / (sigma * sigma)));
    for (float& w : weights) w = float(w / sum);
    return weights;
}

// The voxel of a line of n that stands for position i, which may lie outside.
std::int64_t inside(std::int64_t i, std::int64_t n, Edge edge) {
    if (edge == Edge::Repeat || n == 1) return std::clamp<std::int64_t>(i, 0, n - 1);
    const std::int64_t period = 2 * (n - 1), place = ((i % period) + period) % period;
    return place < n ? place : period - place;
}

constexpr std::int64_t block = 16;          // values added up at a time, in registers
constexpr std::int64_t strip = 16 * block;  // columns blurred at a time, in the cache

std::int64_t wholeBlocks(std::int64_t n) { return (n + block - 1) / block * block; }

// out[x] = the sum of weights[k] · sources[k][x]. Sources can be read to the end of a block.
FOVEA_FOR_EACH_CPU_ALIKE void addUp(const float* const* sources, const float* weights, std::size_t count,
                                    std::int64_t n, float* out) {
    for (std::int64_t x = 0; x < n; x += block) {
        float sums[block] = {};
        for (std::size_t k = 0; k < count; ++k) {
            const float* source = sources[k] + x;
            const float weight = weights[k];
            for (std::int64_t i = 0; i < block; ++i) sums[i] += weight * source[i];
        }
        if (x + block <= n)
            std::copy_n(sums, block, out + x);
        else
            std::copy_n(sums, n - x, out + x);
    }
}

// Columns of `rows` values `stride` apart, `width` ≤ strip beside one another, in place.
void blurColumns(float* values, std::int64_t rows, std::int64_t stride, std::int64_t width,
                 const std::vector<float>& weights, Edge edge) {
    const std::int64_t radius = std::int64_t(weights.size()) / 2, wide = wholeBlocks(width);
    std::vector<float> before(std::size_t(rows * wide));
    for (std::int64_t i = 0; i < rows; ++i) std::copy_n(values + i * stride, width, before.data() + i * wide);
    std::vector<const float*> around(weights.size());
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t k = -radius; k <= radius; ++k)
            around[std::size_t(k + radius)] = before.data() + inside(i + k, rows, edge) * wide;
        addUp(around.data(), weights.data(), weights.size(), width, values + i * stride);
    }
}

// Rows of n values one after the other, in place.
void blurRows(float* values, std::int64_t rows, std::int64_t n, const std::vector<float>& weights, Edge edge) {
    const std::int64_t radius = std::int64_t(weights.size()) / 2;
    std::vector<float> padded(std::size_t(wholeBlocks(n) + 2 * radius));
    std::vector<const float*> around(weights.size());
    for (std::size_t k = 0; k < weights.size(); ++k) around[k] = padded.data() + k;
    for (std::int64_t row = 0; row < rows; ++row, values += n) {
        std::copy_n(values, n, padded.begin() + radius);
        for (std::int64_t k = 1; k <= radius; ++k) {
            padded[std::size_t(radius - k)] = values[inside(-k, n, edge)];
            padded[std::size_t(radius + n - 1 + k)] = values[inside(n - 1 + k, n, edge)];
        }
        addUp(around.data(), weights.data(), weights.size(), n, values);
    }
}

}  // namespace

void blur(Volume<float>& volume, Vec3 sigma, Job& job, Edge edge) {
    const Index n = volume.shape();
    if (volume.empty()) return;
    const auto wanted = [&](int axis) { return sigma[axis] > 0.05 && n[axis] > 1; };
    // Columns along an axis: `planes` of them `apart`, each of rows `stride` apart.
    const auto columns = [&](int axis, std::int64_t planes, std::int64_t apart, std::int64_t stride) {
        if (!wanted(axis)) return;
        const std::vector<float> weights = kernel(sigma[axis]);
        const std::int64_t strips = (n.x + strip - 1) / strip;
        parallelFor(planes * strips, job, [&](std::int64_t i) {
            const std::int64_t x = i % strips * strip;
            blurColumns(volume.data() + i / strips * apart + x, n[axis], stride, std::min(strip, n.x - x), weights,
                        edge);
        });
    };
    columns(0, n.y, n.x, n.y * n.x);
    columns(1, n.z, n.y * n.x, n.x);
    if (!wanted(2)) return;
    const std::vector<float> weights = kernel(sigma.x);
    constexpr std::int64_t some = 64;
    parallelStretches(n.z * n.y, some, job, [&](std::int64_t begin, std::int64_t end) {
        blurRows(volume.data() + begin * n.x, end - begin, n.x, weights, edge);
    });
}

Volume<float> gradientLength(const Volume<float>& volume, Vec3 spacing, Job& job) {
    const Index n = volume.shape();
    Volume<float> result(n);
    result.geometry = volume.geometry;
    parallelFor(n.z, job, [&](std::int64_t z) {
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                const auto slope = [&](std::int64_t at, std::int64_t size, std::int64_t step, double unit) {
                    const std::int64_t i = volume.offset(z, y, x);
                    const float lower = volume.data()[at > 0 ? i - step : i];
                    const float upper = volume.data()[at + 1 < size ? i + step : i];
                    const int steps = (at > 0) + (at + 1 < size);
                    return steps == 0 ? 0.0 : double(upper - lower) / (steps * unit);
                };
                const double dz = slope(z, n.z, n.y * n.x, spacing.z), dy = slope(y, n.y, n.x, spacing.y);
                const double dx = slope(x, n.x, 1, spacing.x);
                result(z, y, x) = float(std::sqrt(dz * dz + dy * dy + dx * dx));
            }
    });
    return result;
}

std::vector<double> quantiles(const Volume<float>& volume, const std::vector<double>& shares) {
    const std::int64_t step = std::max<std::int64_t>(1, volume.size() / 1'000'000);
    std::vector<float> sample;
    sample.reserve(std::size_t(volume.size() / step + 1));
    for (std::int64_t i = 0; i < volume.size(); i += step)
        if (std::isfinite(volume.data()[i])) sample.push_back(volume.data()[i]);
    std::vector<double> result;
    for (double share : shares) {
        if (sample.empty()) {
            result.push_back(0);
            continue;
        }
        const auto at = sample.begin() + std::int64_t(std::clamp(share, 0.0, 1.0) * double(sample.size() - 1));
        std::nth_element(sample.begin(), at, sample.end());
        result.push_back(*at);
    }
    return result;
}

}  // namespace fovea::segment
