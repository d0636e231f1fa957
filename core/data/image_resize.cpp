#include "data/image_resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/for_each_cpu.h"

namespace fovea {

namespace {

constexpr int weightBits = 22;

double bilinear(double x) { return std::abs(x) < 1 ? 1 - std::abs(x) : 0; }

double bicubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// How 8-bit and real pixels are weighted and summed.
template <class T>
struct Arithmetic;

template <>
struct Arithmetic<std::uint8_t> {
    using Weight = std::int32_t;
    using Sum = std::int32_t;
    static Weight weight(double w) { return Weight(std::round(w * double(1 << weightBits))); }
    static constexpr Sum zero = 1 << (weightBits - 1);
    static std::uint8_t pixel(Sum sum) { return std::uint8_t(std::clamp(sum >> weightBits, 0, 255)); }
};

template <>
struct Arithmetic<float> {
    using Weight = float;
    using Sum = float;
    static Weight weight(double w) { return Weight(w); }
    static constexpr Sum zero = 0;
    static float pixel(Sum sum) { return sum; }
};

// Which pixels of an axis make each pixel of its resized self.
template <class T>
struct Taps {
    std::vector<std::int64_t> first;                      // by output pixel
    std::vector<std::size_t> at;                          // where its weights begin; one more than outputs
    std::vector<typename Arithmetic<T>::Weight> weights;  // one after the other
};

template <class T>
Taps<T> tapsOf(std::int64_t in, std::int64_t out, ResizeFilter filter) {
    const double scale = double(in) / double(out), stretch = std::max(scale, 1.0);
    const double support = (filter == ResizeFilter::Bilinear ? 1.0 : 2.0) * stretch;
    Taps<T> taps;
    taps.at.push_back(0);
    std::vector<double> shares;
    for (std::int64_t i = 0; i < out; ++i) {
        const double centre = (double(i) + 0.5) * scale;
        const std::int64_t begin = std::max<std::int64_t>(std::int64_t(centre - support + 0.5), 0);
        const std::int64_t end = std::min(std::int64_t(centre + support + 0.5), in);
        shares.clear();
        double sum = 0;
        for (std::int64_t t = begin; t < end; ++t) {
            const double x = (double(t) - centre + 0.5) / stretch;
            shares.push_back(filter == ResizeFilter::Bilinear ? bilinear(x) : bicubic(x));
            sum += shares.back();
        }
        taps.first.push_back(begin);
        for (const double share : shares) taps.weights.push_back(Arithmetic<T>::weight(share / sum));
        taps.at.push_back(taps.weights.size());
    }
    return taps;
}

template <class T>
void resizeRow(const T* in, T* out, const Taps<T>& taps) {
    using A = Arithmetic<T>;
    for (std::size_t i = 0; i < taps.first.size(); ++i) {
        const T* pixel = in + taps.first[i];
        typename A::Sum sum = A::zero;
        for (std::size_t k = taps.at[i]; k < taps.at[i + 1]; ++k) sum += *pixel++ * taps.weights[k];
        out[i] = A::pixel(sum);
    }
}

FOVEA_FOR_EACH_CPU void addRow(const std::uint8_t* row, std::int32_t weight, std::int32_t* sums, std::int64_t n) {
    for (std::int64_t x = 0; x < n; ++x) sums[x] += row[x] * weight;
}

FOVEA_FOR_EACH_CPU void addRow(const float* row, float weight, float* sums, std::int64_t n) {
    for (std::int64_t x = 0; x < n; ++x) sums[x] += row[x] * weight;
}

template <class T>
void resizeColumns(const T* in, T* out, std::int64_t width, const Taps<T>& taps) {
    using A = Arithmetic<T>;
    std::vector<typename A::Sum> sums(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < taps.first.size(); ++i, out += width) {
        std::fill(sums.begin(), sums.end(), A::zero);
        const T* row = in + taps.first[i] * width;
        for (std::size_t k = taps.at[i]; k < taps.at[i + 1]; ++k, row += width)
            addRow(row, taps.weights[k], sums.data(), width);
        std::transform(sums.begin(), sums.end(), out, A::pixel);
    }
}

}  // namespace

template <class T>
Volume<T> resized(const Volume<T>& planes, std::int64_t height, std::int64_t width, ResizeFilter filter) {
    const Index n = planes.shape();
    if (planes.empty() || height < 1 || width < 1)
        throw Error(ErrorKind::Input,
                    Text(FOVEA_TR("An image of {from} pixels cannot be resized to {to}. Choose an image that is not "
                                  "empty, and sizes of at least 1."),
                         {{"from", std::to_string(n.y) + " × " + std::to_string(n.x)},
                          {"to", std::to_string(height) + " × " + std::to_string(width)}}));
    Volume<T> wide = planes;
    if (width != n.x) {
        const Taps<T> taps = tapsOf<T>(n.x, width, filter);
        wide = Volume<T>({n.z, n.y, width});
        for (std::int64_t row = 0; row < n.z * n.y; ++row)
            resizeRow(planes.data() + row * n.x, wide.data() + row * width, taps);
    }
    if (height == n.y) return wide;
    const Taps<T> taps = tapsOf<T>(n.y, height, filter);
    Volume<T> result({n.z, height, width});
    for (std::int64_t z = 0; z < n.z; ++z)
        resizeColumns(wide.data() + wide.offset(z, 0, 0), result.data() + result.offset(z, 0, 0), width, taps);
    return result;
}

template Volume<std::uint8_t> resized(const Volume<std::uint8_t>&, std::int64_t, std::int64_t, ResizeFilter);
template Volume<float> resized(const Volume<float>&, std::int64_t, std::int64_t, ResizeFilter);

}  // namespace fovea
