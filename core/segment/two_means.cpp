#include "segment/two_means.h"

#include <algorithm>
#include <numeric>

namespace fovea::segment {

std::pair<double, double> twoMeans(std::vector<double> values) {
    if (values.empty()) return {0, 0};
    std::sort(values.begin(), values.end());
    const double all = std::accumulate(values.begin(), values.end(), 0.0), n = double(values.size());
    std::pair<double, double> best{all / n, all / n};
    if (values.front() == values.back()) return best;
    // The sum of squares within both parts is least where n₁ m₁² + n₂ m₂² is greatest; values around their mean, so
    // that nothing cancels.
    double below = 0, most = -1;
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
        below += values[i] - all / n;
        const double n1 = double(i + 1), n2 = n - n1, between = below * below * (1 / n1 + 1 / n2);
        if (between <= most) continue;
        most = between;
        best = {all / n + below / n1, all / n - below / n2};
    }
    return best;
}

}  // namespace fovea::segment
