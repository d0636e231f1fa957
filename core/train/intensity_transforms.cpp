#include "train/intensity_transforms.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "train/patch_geometry.h"

namespace fovea::train {

namespace {

constexpr std::size_t lanes = 8;  // sums of their own, so that the compiler may use vector registers

struct Range {
    float least, most;
};

Range rangeOf(const Volume<float>& v) {
    float low[lanes], high[lanes];
    std::fill(low, low + lanes, v.data()[0]);
    std::fill(high, high + lanes, v.data()[0]);
    const std::size_t n = std::size_t(v.size());
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) {
            const float x = v.data()[i + k];
            low[k] = x < low[k] ? x : low[k];
            high[k] = x > high[k] ? x : high[k];
        }
    for (; i < n; ++i) low[0] = std::min(low[0], v.data()[i]), high[0] = std::max(high[0], v.data()[i]);
    return {*std::min_element(low, low + lanes), *std::max_element(high, high + lanes)};
}

// Sum of f(x) over all values, in double.
template <class F>
double summed(const Volume<float>& v, F&& f) {
    double sums[lanes] = {};
    const std::size_t n = std::size_t(v.size());
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sums[k] += f(v.data()[i + k]);
    for (; i < n; ++i) sums[0] += f(v.data()[i]);
    return std::accumulate(sums, sums + lanes, 0.0);
}

double meanOf(const Volume<float>& v) {
    return summed(v, [](float x) { return double(x); }) / double(v.size());
}

struct MeanStd {
    double mean, std;  // std with n − 1
};

MeanStd meanStd(const Volume<float>& v) {
    const double mean = meanOf(v);
    const double squares = summed(v, [mean](float x) { return (x - mean) * (x - mean); });
    return {mean, std::sqrt(squares / std::max<double>(1, double(v.size()) - 1))};
}

// v^power of all values, which lie in [0, 1], to 1e-6; NaN stays. 2^(power · log2 x), the logarithm by its odd series
// around 1 and the power of two by its Taylor series: no calls and no branches, so that the loop is vectorised.
void raiseUnits(Volume<float>& v, float power) {
    const auto smallest = std::bit_cast<std::int32_t>(std::exp2(-120 / std::max(power, 1.f)));  // as good as 0
    for (float& x : v) {
        const std::int32_t bits = std::max(std::bit_cast<std::int32_t>(x), smallest);
        const std::int32_t whole = (bits - 0x3F3504F3) >> 23;  // so that the rest lies in [√½, √2)
        const float rest = std::bit_cast<float>(bits - (whole << 23)), t = (rest - 1) / (rest + 1), s = t * t;
        const float series = t * (1 + s * (1 / 3.f + s * (1 / 5.f + s * (1 / 7.f + s / 9.f))));
        const float p = power * (float(whole) + 2.885390082f * series);
        const std::int32_t n = std::int32_t(p - 0.5f);  // p ≤ 0
        const float f = (p - float(n)) * 0.6931471806f;
        const float e = 1 + f * (1 + f * (1 / 2.f + f * (1 / 6.f + f * (1 / 24.f + f * (1 / 120.f + f / 720.f)))));
        x = e * std::bit_cast<float>((n + 127) << 23) + (x - x);
    }
}

// sum += weight · row, over n values.
void addRow(float* __restrict sum, const float* __restrict row, float weight, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) sum[i] += weight * row[i];
}

void blurRows(Volume<float>& v, const std::vector<float>& kernel) {
    const std::int64_t n = v.shape().x, radius = std::int64_t(kernel.size()) / 2;
    std::vector<float> padded(std::size_t(n + 2 * radius));
    for (std::int64_t line = 0; line < v.size() / n; ++line) {
        float* row = v.data() + line * n;
        std::copy(row, row + n, padded.begin() + radius);
        for (std::int64_t r = 1; r <= radius; ++r) {
            padded[radius - r] = row[reflected(-r, n)];
            padded[radius + n - 1 + r] = row[reflected(n - 1 + r, n)];
        }
        std::fill(row, row + n, 0.f);
        for (std::size_t k = 0; k < kernel.size(); ++k) addRow(row, padded.data() + k, kernel[k], n);
    }
}

// Axis 0 or 1: whole rows are added up, in slabs that hold the axis once.
void blurAcross(Volume<float>& v, int axis, const std::vector<float>& kernel) {
    const std::int64_t n = v.shape()[axis], step = axis == 0 ? v.shape().y * v.shape().x : v.shape().x;
    const std::int64_t radius = std::int64_t(kernel.size()) / 2;
    std::vector<float> slab(std::size_t(n * step));
    for (std::int64_t start = 0; start < v.size(); start += n * step) {
        std::copy_n(v.data() + start, n * step, slab.begin());
        for (std::int64_t i = 0; i < n; ++i) {
            float* row = v.data() + start + i * step;
            std::fill(row, row + step, 0.f);
            for (std::int64_t r = -radius; r <= radius; ++r)
                addRow(row, slab.data() + reflected(i + r, n) * step, kernel[std::size_t(r + radius)], step);
        }
    }
}

// Where each of `to` positions lies among `from` ones: between low and high, `share` of high.
struct LinearAxis {
    std::vector<std::int64_t> low, high;
    std::vector<float> share;
};

LinearAxis linearAxis(std::int64_t from, std::int64_t to) {
    LinearAxis axis;
    const float ratio = float(from) / float(to);
    for (std::int64_t i = 0; i < to; ++i) {
        const float at = std::max(0.f, ratio * (float(i) + 0.5f) - 0.5f);
        const std::int64_t low = std::min(std::int64_t(at), from - 1);
        axis.low.push_back(low);
        axis.high.push_back(std::min(low + 1, from - 1));
        axis.share.push_back(at - float(low));
    }
    return axis;
}

Volume<float> shrunken(const Volume<float>& v, Index to) {
    Volume<float> small(to);
    const auto zs = nearestExact(v.shape().z, to.z), ys = nearestExact(v.shape().y, to.y),
               xs = nearestExact(v.shape().x, to.x);
    float* out = small.data();
    for (std::int64_t z : zs)
        for (std::int64_t y : ys) {
            const float* row = v.data() + v.offset(z, y, 0);
            for (std::int64_t x : xs) *out++ = row[x];
        }
    return small;
}

void enlarge(const Volume<float>& small, Volume<float>& v) {
    const Index n = v.shape(), m = small.shape();
    const LinearAxis zs = linearAxis(m.z, n.z), ys = linearAxis(m.y, n.y), xs = linearAxis(m.x, n.x);
    std::vector<float> row(std::size_t(m.x));
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            std::fill(row.begin(), row.end(), 0.f);
            for (int corner = 0; corner < 4; ++corner) {
                const bool highZ = corner & 2, highY = corner & 1;
                const float weight = (highZ ? zs.share[z] : 1 - zs.share[z]) * (highY ? ys.share[y] : 1 - ys.share[y]);
                const float* from =
                    small.data() + small.offset(highZ ? zs.high[z] : zs.low[z], highY ? ys.high[y] : ys.low[y], 0);
                if (weight != 0) addRow(row.data(), from, weight, m.x);
            }
            float* out = v.data() + v.offset(z, y, 0);
            for (std::int64_t x = 0; x < n.x; ++x)
                out[x] = row[xs.low[x]] + xs.share[x] * (row[xs.high[x]] - row[xs.low[x]]);
        }
}

}  // namespace

void addNoise(Volume<float>& v, double sigma, Rng& rng) {
    // Two values from one draw (Box, Muller 1958), in single precision: ±5.8 sigma is as far as it goes.
    for (std::int64_t i = 0; i < v.size(); i += 2) {
        const std::uint64_t bits = rng.bits();
        const float radius = float(sigma) * std::sqrt(-2 * std::log(float((bits >> 40) + 1) * 0x1p-24f));
        const float angle = float(bits & 0xFFFFFF) * (0x1p-23f * std::numbers::pi_v<float>);
        v.data()[i] += radius * std::cos(angle);
        if (i + 1 < v.size()) v.data()[i + 1] += radius * std::sin(angle);
    }
}

std::vector<float> blurKernel(double sigma) {
    const auto wanted = std::int64_t(6 * sigma + 0.5), radius = wanted / 2;
    std::vector<float> kernel;
    double sum = 0;
    for (std::int64_t i = -radius; i <= radius; ++i) sum += std::exp(-double(i * i) / (2 * sigma * sigma));
    for (std::int64_t i = -radius; i <= radius; ++i)
        kernel.push_back(float(std::exp(-double(i * i) / (2 * sigma * sigma)) / sum));
    return kernel;
}

void blur(Volume<float>& v, Vec3 sigma) {
    if (v.empty()) return;
    for (int axis = 0; axis < 3; ++axis) {
        if (!(sigma[axis] > 0)) continue;
        axis == 2 ? blurRows(v, blurKernel(sigma.x)) : blurAcross(v, axis, blurKernel(sigma[axis]));
    }
}

void changeBrightness(Volume<float>& v, double factor, double shift) {
    const float f = float(factor), s = float(shift);
    for (float& x : v) x = x * f + s;
}

void changeContrast(Volume<float>& v, double factor) {
    if (v.empty()) return;
    const auto [least, most] = rangeOf(v);
    const float f = float(factor), mean = float(meanOf(v));
    for (float& x : v) x = std::min(std::max((x - mean) * f + mean, least), most);
}

void changeGamma(Volume<float>& v, double gamma, bool inverted) {
    if (v.empty()) return;
    const float sign = inverted ? -1.f : 1.f;
    for (float& x : v) x *= sign;
    const Range old = rangeOf(v);
    const float least = old.least, range = old.most - least, inverse = 1 / std::max(range, 1e-7f), power = float(gamma);
    const MeanStd before = meanStd(v);
    for (float& x : v) x = (x - least) * inverse;
    raiseUnits(v, power);
    for (float& x : v) x = x * range + least;
    const MeanStd after = meanStd(v);
    const float scale = float(before.std / std::max(after.std, 1e-7)), mean = float(after.mean);
    const float back = float(before.mean);
    for (float& x : v) x = sign * ((x - mean) * scale + back);
}

void lowerResolution(Volume<float>& v, Vec3 scale) {
    if (v.empty()) return;
    Index size;
    for (int a = 0; a < 3; ++a)
        size[a] = std::max<std::int64_t>(1, std::int64_t(std::nearbyint(double(v.shape()[a]) * scale[a])));
    enlarge(shrunken(v, size), v);
}

std::vector<std::int64_t> nearestExact(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> index(static_cast<std::size_t>(to));
    const double ratio = float(from) / float(to);  // torch keeps the ratio in single precision
    for (std::int64_t i = 0; i < to; ++i)
        index[std::size_t(i)] = std::min(from - 1, std::int64_t(float((double(i) + 0.5) * ratio)));
    return index;
}

}  // namespace fovea::train
