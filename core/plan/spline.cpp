#include "plan/spline.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/for_each_cpu.h"

namespace fovea::plan {

namespace {

constexpr int lanes = LineResampler::lanes;
constexpr double pole = -0.26794919243112270647;  // √3 − 2
constexpr std::int64_t poleReach = 64;            // |pole|^64 < 1e-36: later terms are lost in rounding

void cubicWeights(double t, double* w) {
    const double r = 1 - t;
    w[0] = r * r * r / 6;
    w[1] = (4 - 6 * t * t + 3 * t * t * t) / 6;
    w[2] = (1 + 3 * t + 3 * t * t - 3 * t * t * t) / 6;
    w[3] = t * t * t / 6;
}

// First causal coefficients of lines mirrored about their outer edges, of samples times the gain 6.
void startCausal(const double* s, std::int64_t n, double* start) {
    const double whole = std::pow(pole, double(n));
    const double scale = pole / (1 - whole * whole);
    double sum[lanes] = {};
    double power = 1;
    for (std::int64_t i = 0; i < std::min(n, poleReach); ++i, power *= pole)
        for (int lane = 0; lane < lanes; ++lane)
            sum[lane] += power * (s[i * lanes + lane] + whole * s[(n - 1 - i) * lanes + lane]);
    for (int lane = 0; lane < lanes; ++lane) start[lane] = 6 * (s[lane] + scale * sum[lane]);
}

// Samples become coefficients, in place.
FOVEA_FOR_EACH_CPU void prefilter(double* s, std::int64_t n) {
    double c[lanes];
    startCausal(s, n, c);
    for (int lane = 0; lane < lanes; ++lane) s[lane] = c[lane];
    for (std::int64_t i = 1; i < n; ++i)
        for (int lane = 0; lane < lanes; ++lane)
            s[i * lanes + lane] = c[lane] = 6 * s[i * lanes + lane] + pole * c[lane];
    for (int lane = 0; lane < lanes; ++lane)
        s[(n - 1) * lanes + lane] = c[lane] = pole / (pole - 1) * s[(n - 1) * lanes + lane];
    for (std::int64_t i = n - 2; i >= 0; --i)
        for (int lane = 0; lane < lanes; ++lane) s[i * lanes + lane] = c[lane] = pole * (c[lane] - s[i * lanes + lane]);
}

// Outputs of an axis from its samples or coefficients, of which the first one belongs to place `origin`.
FOVEA_FOR_EACH_CPU void weigh(const AxisSampler& sampler, const double* samples, std::int64_t origin,
                              SampleRange outputs, double* out) {
    for (std::int64_t i = outputs.begin; i < outputs.end; ++i, out += lanes) {
        const double* const s = samples + (sampler.first[std::size_t(i)] - origin) * lanes;
        const double* const w = &sampler.weights[std::size_t(i * sampler.taps)];
        if (sampler.taps == 4)
            for (int lane = 0; lane < lanes; ++lane)
                out[lane] =
                    w[0] * s[lane] + w[1] * s[lanes + lane] + w[2] * s[2 * lanes + lane] + w[3] * s[3 * lanes + lane];
        else if (sampler.taps == 2)
            for (int lane = 0; lane < lanes; ++lane) out[lane] = w[0] * s[lane] + w[1] * s[lanes + lane];
        else
            for (int lane = 0; lane < lanes; ++lane) out[lane] = s[lane];
    }
}

}  // namespace

AxisSampler::AxisSampler(std::int64_t from_, std::int64_t to_, int order_) : from(from_), to(to_), order(order_) {
    if (order != 0 && order != 1 && order != 3)
        throw Error(
            ErrorKind::Unsupported,
            {FOVEA_TR("Resampling of order {order} is not available. Use 0 (nearest), 1 (linear) or 3 (cubic)."),
             {{"order", std::to_string(order)}}});
    if (from < 1 || to < 1)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("An image cannot be resampled from {from} to {to} voxels along an axis."),
                     {{"from", std::to_string(from)}, {"to", std::to_string(to)}}});
    taps = order + 1;
    first.resize(std::size_t(to));
    weights.resize(std::size_t(to * taps), 1.0);
    const double scale = double(from) / double(to);
    for (std::int64_t i = 0; i < to; ++i) {
        double u = (double(i) + 0.5) * scale - 0.5;
        if (order == 0) {
            first[i] = std::clamp<std::int64_t>(std::int64_t(std::floor(u + 0.5)), 0, from - 1);
            continue;
        }
        if (order == 1) u = std::clamp(u, 0.0, double(from - 1));
        const double below = std::floor(u), t = u - below;
        first[i] = std::int64_t(below) - (order == 3 ? 1 : 0);
        if (order == 3)
            cubicWeights(t, &weights[i * taps]);
        else
            weights[i * taps] = 1 - t, weights[i * taps + 1] = t;
    }
}

SampleRange AxisSampler::reach(std::int64_t begin, std::int64_t end) const {
    if (begin >= end) return {};
    if (keeps()) return {begin, end};
    const std::int64_t margin = order == 3 ? halo : 0;
    return {std::clamp<std::int64_t>(first[begin] - margin, 0, from - 1),
            std::clamp<std::int64_t>(first[end - 1] + taps + margin, 1, from)};
}

void LineResampler::prepare(const AxisSampler& sampler, SampleRange window, SampleRange outputs) {
    sampler_ = &sampler;
    window_ = window;
    outputs_ = outputs;
    line_.resize(std::size_t((window.end - window.begin + 2 * pad) * lanes));
    results_.resize(std::size_t((outputs.end - outputs.begin) * lanes));
}

void LineResampler::run() {
    const std::int64_t n = window_.end - window_.begin;
    double* const begin = samples();
    double* const end = begin + n * lanes;
    for (std::int64_t i = 0; i < pad; ++i) {
        std::copy(begin, begin + lanes, line_.data() + i * lanes);
        std::copy(end - lanes, end, end + i * lanes);
    }
    if (sampler_->filters()) prefilter(line_.data(), n + 2 * pad);
    weigh(*sampler_, line_.data(), window_.begin - pad, outputs_, results_.data());
}

}  // namespace fovea::plan
