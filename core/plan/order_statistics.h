#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

namespace fovea::plan {

// A value between two neighbours, to the last bit as NumPy's percentiles interpolate (spec nnunet.md section 2.2).
inline double between(double a, double b, double t) { return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t); }

// Percentile of ascending values by linear interpolation. At least one value.
template <class T>
double percentile(const std::vector<T>& ascending, double percent) {
    const double at = percent / 100 * double(ascending.size() - 1);
    const std::size_t low = std::size_t(at), high = std::min(low + 1, ascending.size() - 1);
    return between(double(ascending[low]), double(ascending[high]), at - double(low));
}

// Mean of the two middle values for an even count. At least one value, in any order.
template <class T>
double median(std::vector<T> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 ? double(values[n / 2]) : (double(values[n / 2 - 1]) + double(values[n / 2])) / 2;
}

}  // namespace fovea::plan
