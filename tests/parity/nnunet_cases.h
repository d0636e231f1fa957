#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/volume.h"
#include "parity/golden_case.h"

// What cases of the nnU-Net fixtures say about labels and real images.
namespace fovea::parity {

// Labels of config.dataset_json, in the file's order.
struct CaseLabels {
    std::vector<std::vector<std::int32_t>> classes;  // foreground labels, or regions
    std::vector<std::string> names;                  // as Python prints them: "3", "(1, 2)"
    std::vector<std::int32_t> regionLabels;          // regions_class_order, empty without regions
    std::optional<std::int32_t> ignore;
    std::vector<std::int32_t> all;  // 0, 1, … without ignore
};
CaseLabels caseLabels(const GoldenCase& golden);
std::string tupleName(const std::vector<std::int32_t>& labels);

// One case of a data set that a layout.json describes, from the shared data.
struct DatasetCase {
    std::vector<Volume<float>> channels;
    Volume<std::int32_t> labels;
    Vec3 spacing;
};
DatasetCase datasetCase(const GoldenCase& golden, const std::string& layoutFile, const std::string& name);

}  // namespace fovea::parity
