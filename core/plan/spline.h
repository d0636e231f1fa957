#pragma once
#include <cstdint>
#include <vector>

// Interpolation along lines as SciPy's zoom does it for scikit-image's resize (spec nnunet.md section 6.3): half-pixel
// centres, edge samples repeated outside, no anti-aliasing.
namespace fovea::plan {

struct SampleRange {
    std::int64_t begin = 0, end = 0;
};

// Where the outputs of one axis lie among its samples: output i reads at u = (from/to)(i + ½) − ½ and is
// Σ weight[i·taps + t] · sample[first[i] + t]; with order 3 of B-spline coefficients instead of samples.
struct AxisSampler {
    // Samples beyond the reach of the taps that a cubic output needs to be as if the line were whole: what is cut off
    // counts |√3 − 2|^halo times. 11 would keep errors below 1e-6 of the range of values, 14 keeps them below what
    // float rounds.
    static constexpr std::int64_t halo = 14;

    // order 0 (nearest), 1 (linear) or 3 (cubic B-spline), else Error(Unsupported). from, to ≥ 1, else Error(Input).
    AxisSampler(std::int64_t from, std::int64_t to, int order);

    std::int64_t from, to;
    int order, taps;
    std::vector<std::int64_t> first;  // may be up to 2 below 0 and reach 2 beyond `from`
    std::vector<double> weights;

    bool keeps() const { return from == to; }  // nothing changes along this axis
    bool filters() const { return order == 3 && !keeps(); }
    // Samples that outputs [begin, end) need, the halo included, cut to the line.
    SampleRange reach(std::int64_t begin, std::int64_t end) const;
    // The sample at or before u and the next one, both cut to the line, of a linear or nearest axis.
    std::int64_t low(std::int64_t i) const { return first[std::size_t(i)]; }
    std::int64_t high(std::int64_t i) const {
        return taps == 2 && first[std::size_t(i)] + 1 < from ? first[std::size_t(i)] + 1 : first[std::size_t(i)];
    }
};

// Resamples lines lying side by side, in double: fill samples(), run(), take results(). Not thread-safe.
class LineResampler {
  public:
    static constexpr int lanes = 16;

    // For outputs [outputs.begin, outputs.end) from the samples in `window`, which holds sampler.reach() of them.
    void prepare(const AxisSampler& sampler, SampleRange window, SampleRange outputs);

    double* samples() { return line_.data() + pad * lanes; }  // [window][lanes]
    void run();
    const double* results() const { return results_.data(); }  // [outputs][lanes]

  private:
    static constexpr std::int64_t pad = 12;  // edge samples repeated at both ends before filtering

    const AxisSampler* sampler_ = nullptr;
    SampleRange window_, outputs_;
    std::vector<double> line_, results_;
};

}  // namespace fovea::plan
