#include "train/targets.h"

#include <algorithm>
#include <limits>

namespace fovea::train {

namespace {

constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();

// Smallest and largest known id within the box around each voxel, axis by axis: border where they differ from the own
// id.
struct Range {
    Volume<std::int32_t> low, high;
};

Range knownIds(const Volume<std::int32_t>& labels, const Volume<std::uint8_t>& weight) {
    Range range{Volume<std::int32_t>(labels.shape(), highest), Volume<std::int32_t>(labels.shape(), -1)};
    for (std::int64_t i = 0; i < labels.size(); ++i)
        if (weight.data()[i] > 0) range.low.data()[i] = range.high.data()[i] = std::max(labels.data()[i], 0);
    return range;
}

void spread(Range& range, int axis, std::int64_t radius) {
    const Index shape = range.low.shape();
    const std::int64_t n = shape[axis], step = axis == 0 ? shape.y * shape.x : axis == 1 ? shape.x : 1;
    const std::int64_t lines = range.low.size() / std::max<std::int64_t>(n, 1);
    std::vector<std::int32_t> low(n), high(n);
    for (std::int64_t line = 0; line < lines; ++line) {
        const std::int64_t start = line / step * step * n + line % step;
        for (std::int64_t i = 0; i < n; ++i)
            low[i] = range.low.data()[start + i * step], high[i] = range.high.data()[start + i * step];
        for (std::int64_t i = 0; i < n; ++i) {
            const std::int64_t from = std::max<std::int64_t>(0, i - radius), to = std::min(n - 1, i + radius);
            range.low.data()[start + i * step] = *std::min_element(low.begin() + from, low.begin() + to + 1);
            range.high.data()[start + i * step] = *std::max_element(high.begin() + from, high.begin() + to + 1);
        }
    }
}

}  // namespace

Volume<std::uint8_t> classTargets(const Volume<std::int32_t>& labels, const Volume<std::uint8_t>& weight,
                                  const TargetRule& rule) {
    if (!(labels.shape() == weight.shape())) throw Error(ErrorKind::Internal, "labels and weight of different shapes");
    Volume<std::uint8_t> target(labels.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i) target.data()[i] = labels.data()[i] > 0;
    if (!rule.boundary) return target;
    Range range = knownIds(labels, weight);
    for (int axis = 0; axis < 3; ++axis)
        if (rule.radius[axis] > 0) spread(range, axis, rule.radius[axis]);
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = labels.data()[i];
        if (id > 0 && (range.low.data()[i] < id || range.high.data()[i] > id)) target.data()[i] = 2;
    }
    return target;
}

}  // namespace fovea::train
