#include "segment/filters.h"

#include <algorithm>
#include <cmath>

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

// One axis of one plane: `lines` rows of `width` values each; row i of the result is the weighted sum of rows around i.
void blurRows(const float* in, float* out, std::int64_t rows, std::int64_t stride, std::int64_t width,
              const std::vector<float>& weights, Edge edge) {
    const std::int64_t radius = std::int64_t(weights.size()) / 2;
    for (std::int64_t i = 0; i < rows; ++i) {
        float* target = out + i * stride;
        std::fill_n(target, width, 0.0f);
        for (std::int64_t k = -radius; k <= radius; ++k) {
            const float* source = in + inside(i + k, rows, edge) * stride;
            const float w = weights[std::size_t(k + radius)];
            for (std::int64_t x = 0; x < width; ++x) target[x] += w * source[x];
        }
    }
}

void blurLine(const float* in, float* out, std::int64_t n, const std::vector<float>& weights,
              std::vector<float>& padded, Edge edge) {
    const std::int64_t radius = std::int64_t(weights.size()) / 2;
    padded.resize(std::size_t(n + 2 * radius));
    std::copy_n(in, n, padded.begin() + radius);
    for (std::int64_t k = 1; k <= radius; ++k) {
        padded[std::size_t(radius - k)] = in[inside(-k, n, edge)];
        padded[std::size_t(radius + n - 1 + k)] = in[inside(n - 1 + k, n, edge)];
    }
    std::fill_n(out, n, 0.0f);
    for (std::int64_t k = 0; k <= 2 * radius; ++k)
        for (std::int64_t x = 0; x < n; ++x) out[x] += weights[std::size_t(k)] * padded[std::size_t(x + k)];
}

}  // namespace

void blur(Volume<float>& volume, Vec3 sigma, Job& job, Edge edge) {
    const Index shape = volume.shape();
    if (volume.size() == 0) return;
    const auto wanted = [&](int axis) { return sigma[axis] > 0.05 && shape[axis] > 1; };
    Volume<float> other(shape);
    other.geometry = volume.geometry;
    const std::int64_t slice = shape.y * shape.x;
    if (wanted(0)) {
        const auto weights = kernel(sigma.z);
        parallelFor(shape.y, job, [&](std::int64_t y) {
            blurRows(volume.data() + y * shape.x, other.data() + y * shape.x, shape.z, slice, shape.x, weights, edge);
        });
        std::swap(volume, other);
    }
    const auto weightsY = kernel(std::max(sigma.y, 0.05)), weightsX = kernel(std::max(sigma.x, 0.05));
    parallelFor(shape.z, job, [&](std::int64_t z) {
        float *a = volume.data() + z * slice, *b = other.data() + z * slice;
        if (wanted(1))
            blurRows(a, b, shape.y, shape.x, shape.x, weightsY, edge);
        else
            std::copy_n(a, slice, b);
        if (!wanted(2)) {
            std::copy_n(b, slice, a);
            return;
        }
        std::vector<float> padded;
        for (std::int64_t y = 0; y < shape.y; ++y)
            blurLine(b + y * shape.x, a + y * shape.x, shape.x, weightsX, padded, edge);
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
