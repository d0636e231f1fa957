#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/box.h"

namespace fovea {

// A place in a project: which case, which box of its full-resolution grid.
struct Patch {
    std::string caseId;
    Box box;
    friend bool operator==(const Patch&, const Patch&) = default;
};

// One vector per patch, row-major rows × dim.
struct FeatureTable {
    std::vector<Patch> patches;
    std::int64_t dim = 0;
    std::vector<float> values;  // patches.size() × dim
    std::string source;         // which network made them
};

// What a query chose, best first.
struct ChosenPatch {
    Patch patch;
    double score = 0;
    std::string reason;  // one computed sentence
};

nlohmann::json toJson(const Box& box);        // [[z0,y0,x0],[z1,y1,x1]]
Box boxFromJson(const nlohmann::json& json);  // throws Error(Format)
nlohmann::json toJson(const Patch& patch);    // {"case": …, "box": …}
Patch patchFromJson(const nlohmann::json& json);
nlohmann::json toJson(const std::vector<ChosenPatch>& chosen);
std::vector<ChosenPatch> chosenFromJson(const nlohmann::json& json);

}  // namespace fovea
