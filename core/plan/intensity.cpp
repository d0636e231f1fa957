#include "plan/intensity.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "plan/order_statistics.h"

namespace fovea::plan {

namespace {

// Percentiles of a list in which every value stands `count` times.
class Ranks {
  public:
    explicit Ranks(const std::vector<ValueCount>& values) : values_(values) {
        ends_.reserve(values.size());
        for (const ValueCount& v : values) ends_.push_back(total_ += v.count);
    }
    std::uint64_t total() const { return total_; }
    double percentile(double percent) const {
        const double at = percent / 100 * double(total_ - 1);
        const std::uint64_t low = std::uint64_t(at);
        return between(ranked(low), ranked(std::min(low + 1, total_ - 1)), at - double(low));
    }

  private:
    double ranked(std::uint64_t rank) const {
        return values_[std::size_t(std::upper_bound(ends_.begin(), ends_.end(), rank) - ends_.begin())].value;
    }

    const std::vector<ValueCount>& values_;
    std::vector<std::uint64_t> ends_;  // ranks up to and with each value
    std::uint64_t total_ = 0;
};

bool below(const ValueCount& a, const ValueCount& b) { return a.value < b.value; }

// Ascending values, equal ones made one.
void foldEqual(std::vector<ValueCount>& values) {
    std::size_t kept = 0;
    for (const ValueCount& v : values) {
        if (kept > 0 && values[kept - 1].value == v.value)
            values[kept - 1].count += v.count;
        else
            values[kept++] = v;
    }
    values.resize(kept);
}

}  // namespace

void compact(std::vector<ValueCount>& values) {
    std::sort(values.begin(), values.end(), below);
    foldEqual(values);
}

void merge(std::vector<ValueCount>& all, const std::vector<ValueCount>& more) {
    const auto middle = std::ptrdiff_t(all.size());
    all.insert(all.end(), more.begin(), more.end());
    std::inplace_merge(all.begin(), all.begin() + middle, all.end(), below);
    foldEqual(all);
}

Intensity intensityOfCounts(const std::vector<ValueCount>& values) {
    Intensity result;
    const Ranks ranks(values);
    if (ranks.total() == 0) return result;
    const double n = double(ranks.total());
    double sum = 0, squares = 0;
    for (const ValueCount& v : values) sum += double(v.value) * double(v.count);
    result.mean = sum / n;
    for (const ValueCount& v : values) squares += (v.value - result.mean) * (v.value - result.mean) * double(v.count);
    result.std = std::sqrt(squares / n);
    result.min = values.front().value, result.max = values.back().value;
    result.median = ranks.percentile(50);
    result.percentile005 = ranks.percentile(0.5), result.percentile995 = ranks.percentile(99.5);
    return result;
}

Intensity intensityOf(std::vector<float> values) {
    std::sort(values.begin(), values.end());
    std::vector<ValueCount> counted;
    for (const float value : values) {
        if (counted.empty() || counted.back().value != value) counted.push_back({value, 0});
        ++counted.back().count;
    }
    return intensityOfCounts(counted);
}

nlohmann::json toJson(const Intensity& i) {
    return {{"max", i.max},
            {"mean", i.mean},
            {"median", i.median},
            {"min", i.min},
            {"percentile_00_5", i.percentile005},
            {"percentile_99_5", i.percentile995},
            {"std", i.std}};
}

Intensity intensityFromJson(const nlohmann::json& json) {
    Intensity i;
    i.max = json.at("max"), i.mean = json.at("mean"), i.median = json.at("median"), i.min = json.at("min");
    i.percentile005 = json.at("percentile_00_5"), i.percentile995 = json.at("percentile_99_5"), i.std = json.at("std");
    return i;
}

nlohmann::json toJson(const std::vector<Intensity>& channels) {
    nlohmann::json json = nlohmann::json::object();
    for (std::size_t c = 0; c < channels.size(); ++c) json[std::to_string(c)] = toJson(channels[c]);
    return json;
}

std::vector<Intensity> intensitiesFromJson(const nlohmann::json& json) {
    std::vector<Intensity> channels;
    for (std::size_t c = 0; c < json.size(); ++c) channels.push_back(intensityFromJson(json.at(std::to_string(c))));
    return channels;
}

}  // namespace fovea::plan
