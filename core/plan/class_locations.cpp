#include "plan/class_locations.h"

#include <algorithm>
#include <cmath>

#include "base/numpy_random.h"

namespace fovea::plan {

namespace {

constexpr std::int64_t leastSamples = 10'000, mostDrawn = std::int64_t(1) << 28, mostSamples = std::int64_t(1) << 22;

std::vector<std::int64_t> drawRanks(NumpyRandom& random, std::int64_t n) {
    if (n > mostDrawn) return random.choice(n, mostSamples);
    const auto share = std::int64_t(std::ceil(double(n) * 0.01));
    return random.choiceWithoutReplacement(n, std::max(std::min(leastSamples, n), share));
}

}  // namespace

void LabelRuns::append(const std::int16_t* labels, std::int64_t rows) {
    const std::int64_t count = rows * shape_.x;
    for (std::int64_t i = 0; i < count; ++i)
        if (runs_.empty() || labels[i] != runs_.back().label) runs_.push_back({size_ + i, labels[i]});
    size_ += count;
}

std::vector<std::vector<Index>> LabelRuns::draw(const std::vector<ClassKey>& keys) const {
    NumpyRandom random(1234);
    std::vector<std::vector<Index>> result;
    for (const ClassKey& key : keys) {
        // Runs of the key, label by label: voxels of the key before, and place in the map.
        std::vector<std::int64_t> ranks, starts;
        std::int64_t n = 0;
        for (const std::int32_t label : key)
            for (std::size_t i = 0; i < runs_.size(); ++i) {
                if (runs_[i].label != label) continue;
                ranks.push_back(n), starts.push_back(runs_[i].begin);
                n += (i + 1 < runs_.size() ? runs_[i + 1].begin : size_) - runs_[i].begin;
            }
        std::vector<Index>& places = result.emplace_back();
        if (n == 0) continue;
        for (const std::int64_t rank : drawRanks(random, n)) {
            const auto run = std::size_t(std::upper_bound(ranks.begin(), ranks.end(), rank) - ranks.begin()) - 1;
            const std::int64_t at = starts[run] + rank - ranks[run];
            places.push_back({at / (shape_.y * shape_.x), at / shape_.x % shape_.y, at % shape_.x});
        }
    }
    return result;
}

}  // namespace fovea::plan
