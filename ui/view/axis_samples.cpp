#include "ui/view/axis_samples.h"

#include <algorithm>
#include <cmath>

namespace fovea::ui {

std::vector<std::int64_t> nearestVoxels(std::int64_t from, int count, double perVoxel, std::int64_t extent) {
    std::vector<std::int64_t> voxels(std::size_t(std::max(count, 0)), -1);
    for (int i = 0; i < count; ++i) {
        const auto v = std::int64_t(std::floor((double(from + i) + 0.5) / perVoxel));
        if (v >= 0 && v < extent) voxels[std::size_t(i)] = v;
    }
    return voxels;
}

AxisSamples sampleAxis(std::int64_t from, int count, double perSample, std::int64_t extent) {
    AxisSamples axis;
    std::vector<std::int64_t> first(std::size_t(std::max(count, 0)), -1);
    axis.start.reserve(first.size() + 1);
    axis.begin = extent;
    for (int i = 0; i < count; ++i) {
        axis.start.push_back(std::int32_t(axis.weights.size()));
        const double low = double(from + i) / perSample, high = double(from + i + 1) / perSample,
                     mid = 0.5 * (low + high);
        if (mid < 0 || mid >= double(extent)) continue;
        std::int64_t a, b;  // samples a…b
        if (perSample >= 4) {
            a = b = std::int64_t(mid);
            axis.weights.push_back(1);
        } else if (perSample >= 1) {
            const double at = mid - 0.5;
            a = std::clamp<std::int64_t>(std::int64_t(std::floor(at)), 0, extent - 1);
            b = std::min(a + 1, extent - 1);
            const auto t = float(std::clamp(at - double(a), 0.0, 1.0));
            axis.weights.push_back(1 - t);
            if (b > a)
                axis.weights.push_back(t);
            else
                axis.weights.back() = 1;
        } else {
            a = std::clamp<std::int64_t>(std::int64_t(std::floor(low)), 0, extent - 1);
            b = std::clamp<std::int64_t>(std::int64_t(std::ceil(high)) - 1, a, extent - 1);
            double sum = 0;
            for (std::int64_t s = a; s <= b; ++s) {
                const double part = std::max(0.0, std::min(high, double(s + 1)) - std::max(low, double(s)));
                axis.weights.push_back(float(part));
                sum += part;
            }
            for (std::int64_t s = a; s <= b; ++s) {
                float& weight = axis.weights[std::size_t(axis.start.back() + (s - a))];
                weight = sum > 0 ? float(weight / sum) : 1.0f / float(b - a + 1);
            }
        }
        first[std::size_t(i)] = a;
        axis.begin = std::min(axis.begin, a);
        axis.end = std::max(axis.end, b + 1);
    }
    axis.start.push_back(std::int32_t(axis.weights.size()));
    axis.begin = std::min(axis.begin, axis.end);
    axis.first.reserve(first.size());
    for (const std::int64_t f : first) axis.first.push_back(f < 0 ? -1 : std::int32_t(f - axis.begin));
    return axis;
}

}  // namespace fovea::ui
