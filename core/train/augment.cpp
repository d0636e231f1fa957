#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea::train {

namespace {

// Mirrors and transposition: where an output voxel of the patch lies in the unmirrored one.
Index unmirrored(Index v, Index patch, const SpatialDraw& draw) {
    for (int axis = 0; axis < 3; ++axis)
        if (draw.mirror[axis]) v[axis] = patch[axis] - 1 - v[axis];
    if (draw.transpose) std::swap(v.y, v.x);
    return v;
}

float bilinear(const Volume<float>& image, std::int64_t z, double y, double x) {
    const Index n = image.shape();
    y = std::clamp(y, 0.0, double(n.y - 1));
    x = std::clamp(x, 0.0, double(n.x - 1));
    const std::int64_t y0 = std::int64_t(y), x0 = std::int64_t(x);
    const std::int64_t y1 = std::min(y0 + 1, n.y - 1), x1 = std::min(x0 + 1, n.x - 1);
    const double fy = y - double(y0), fx = x - double(x0);
    return float((1 - fy) * ((1 - fx) * image(z, y0, x0) + fx * image(z, y0, x1)) +
                 fy * ((1 - fx) * image(z, y1, x0) + fx * image(z, y1, x1)));
}

struct MeanStd {
    double mean = 0, std = 0;
};
MeanStd meanStd(const Volume<float>& v) {
    MeanStd m;
    for (float x : v) m.mean += x;
    m.mean /= double(v.size());
    for (float x : v) m.std += (x - m.mean) * (x - m.mean);
    m.std = std::sqrt(m.std / std::max<double>(1, double(v.size()) - 1));
    return m;
}

// nnU-Net's factor: one half below, one half above 1.
double factor(Rng& rng, double low, double high) {
    return rng.uniform() < 0.5 ? rng.uniform(low, 1) : rng.uniform(1, high);
}

void changeContrast(Volume<float>& v, double f) {
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    const float least = *low, most = *high;
    const double mean = meanStd(v).mean;
    for (float& x : v) x = std::clamp(float((x - mean) * f + mean), least, most);
}

void changeGamma(Volume<float>& v, double gamma, bool inverted) {
    const float sign = inverted ? -1.f : 1.f;
    for (float& x : v) x *= sign;
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    const double least = *low, range = double(*high) - *low;
    const MeanStd before = meanStd(v);
    for (float& x : v) x = float(std::pow((x - least) / std::max(range, 1e-7), gamma) * range + least);
    const MeanStd after = meanStd(v);
    const double scale = before.std / std::max(after.std, 1e-7);
    for (float& x : v) x = sign * float((x - after.mean) * scale + before.mean);
}

void blurAxis(Volume<float>& v, int axis, double sigma) {
    const std::int64_t n = v.shape()[axis], radius = sigma < 0.584 ? 1 : sigma < 0.917 ? 2 : 3;
    const std::int64_t step = axis == 1 ? v.shape().x : 1, lines = v.size() / n;
    std::vector<double> kernel(std::size_t(radius) + 1);
    double sum = 0;
    for (std::int64_t i = 0; i <= radius; ++i)
        sum += (i ? 2 : 1) * (kernel[i] = std::exp(-double(i * i) / (2 * sigma * sigma)));
    std::vector<float> line(n);
    for (std::int64_t l = 0; l < lines; ++l) {
        float* at = v.data() + l / step * step * n + l % step;
        for (std::int64_t i = 0; i < n; ++i) line[i] = at[i * step];
        for (std::int64_t i = 0; i < n; ++i) {
            double value = kernel[0] * line[i];
            for (std::int64_t r = 1; r <= radius; ++r)
                value += kernel[r] * (line[std::max<std::int64_t>(0, i - r)] + line[std::min(n - 1, i + r)]);
            at[i * step] = float(value / sum);
        }
    }
}

}  // namespace

AugmentOptions AugmentOptions::none() {
    AugmentOptions o;
    o.mirrorZ = false;
    o.rotate = o.scale = o.noise = o.blur = o.brightness = o.contrast = o.gamma = 0;
    return o;
}

SpatialDraw drawSpatial(const AugmentOptions& options, Index patch, Rng& rng) {
    SpatialDraw draw;
    if (rng.uniform() < options.rotate) draw.angle = rng.uniform(-std::numbers::pi, std::numbers::pi);
    if (rng.uniform() < options.scale) draw.scale = factor(rng, options.scaleFrom, options.scaleTo);
    draw.mirror[0] = rng.uniform() < 0.5 && options.mirrorZ && patch.z > 1;
    draw.mirror[1] = rng.uniform() < 0.5;
    draw.mirror[2] = rng.uniform() < 0.5;
    draw.transpose = rng.uniform() < 0.5 && patch.y == patch.x;
    return draw;
}

Index spatialMargin(const SpatialDraw& draw, Index patch) {
    if (draw.angle == 0 && draw.scale == 1) return {0, 0, 0};
    const double c = std::abs(std::cos(draw.angle)), s = std::abs(std::sin(draw.angle));
    const double y = (c * double(patch.y) + s * double(patch.x)) * draw.scale,
                 x = (s * double(patch.y) + c * double(patch.x)) * draw.scale;
    const auto margin = [](double wanted, std::int64_t has) {
        return std::max<std::int64_t>(0, std::int64_t(std::ceil((wanted - double(has)) / 2)) + 1);
    };
    return {0, margin(y, patch.y), margin(x, patch.x)};
}

SampleArrays applySpatial(const SampleArrays& window, Index patch, const SpatialDraw& draw) {
    SampleArrays result{{}, Volume<std::uint8_t>(patch), Volume<float>(patch)};
    for (std::size_t c = 0; c < window.channels.size(); ++c) result.channels.emplace_back(patch);
    const Index have = window.target.shape();
    const double cy = double(have.y - 1) / 2, cx = double(have.x - 1) / 2;
    const double c = std::cos(draw.angle) * draw.scale, s = std::sin(draw.angle) * draw.scale;
    const bool plain = draw.angle == 0 && draw.scale == 1;
    std::int64_t i = 0;
    for (std::int64_t z = 0; z < patch.z; ++z)
        for (std::int64_t y = 0; y < patch.y; ++y)
            for (std::int64_t x = 0; x < patch.x; ++x, ++i) {
                const Index v = unmirrored({z, y, x}, patch, draw);
                const double dy = double(v.y) - double(patch.y - 1) / 2, dx = double(v.x) - double(patch.x - 1) / 2;
                const double fy = plain ? cy + dy : cy + c * dy - s * dx, fx = plain ? cx + dx : cx + s * dy + c * dx;
                const std::int64_t ny = std::int64_t(std::floor(fy + 0.5)), nx = std::int64_t(std::floor(fx + 0.5));
                for (std::size_t k = 0; k < result.channels.size(); ++k)
                    result.channels[k].data()[i] =
                        plain ? window.channels[k](v.z, ny, nx) : bilinear(window.channels[k], v.z, fy, fx);
                if (ny < 0 || nx < 0 || ny >= have.y || nx >= have.x) continue;  // unknown: certainty stays 0
                result.target.data()[i] = window.target(v.z, ny, nx);
                result.weight.data()[i] = window.weight(v.z, ny, nx);
            }
    return result;
}

void applyIntensity(std::vector<Volume<float>>& channels, const AugmentOptions& options, Rng& rng) {
    const double sigma = rng.uniform() < options.noise ? rng.uniform(0, 0.15) : 0;
    for (Volume<float>& v : channels) {
        if (sigma > 0)
            for (float& x : v) x += float(sigma * rng.normal());
        if (rng.uniform() < options.blur) {
            const double width = rng.uniform(0.5, 1.2);
            blurAxis(v, 1, width);
            blurAxis(v, 2, width);
        }
        if (rng.uniform() < options.brightness) {
            const double f = factor(rng, 0.75, 1.25), shift = rng.uniform(-0.2, 0.2);
            for (float& x : v) x = float(x * f + shift);
        }
        if (rng.uniform() < options.contrast) changeContrast(v, factor(rng, 0.75, 1.25));
        if (rng.uniform() < options.gamma) changeGamma(v, factor(rng, 0.7, 1.5), rng.uniform() < 0.25);
    }
}

}  // namespace fovea::train
