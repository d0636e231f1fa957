#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace fovea::plan {

// Statistics of grey values; percentiles by linear interpolation, standard deviation of the population.
struct Intensity {
    double mean = 0, median = 0, std = 0, min = 0, max = 0;
    double percentile005 = 0, percentile995 = 0;  // 0.5 % and 99.5 %
    friend bool operator==(const Intensity&, const Intensity&) = default;
};

// A grey value and how often it was seen.
struct ValueCount {
    float value = 0;
    std::uint64_t count = 0;
};

// Empty → all zero.
Intensity intensityOf(std::vector<float> values);
// Of ascending distinct values.
Intensity intensityOfCounts(const std::vector<ValueCount>& values);

// Sorts, so that each value stands once with its counts summed.
void compact(std::vector<ValueCount>& values);
// Adds compact counts to compact counts.
void merge(std::vector<ValueCount>& all, const std::vector<ValueCount>& more);

// nnU-Net's names: {max, mean, median, min, percentile_00_5, percentile_99_5, std}.
nlohmann::json toJson(const Intensity& intensity);
Intensity intensityFromJson(const nlohmann::json& json);  // throws nlohmann's exceptions

// {"0": …, "1": …}, one per channel.
nlohmann::json toJson(const std::vector<Intensity>& channels);
std::vector<Intensity> intensitiesFromJson(const nlohmann::json& json);  // throws nlohmann's exceptions

}  // namespace fovea::plan
