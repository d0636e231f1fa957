#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "parity/golden_case.h"
#include "plan/nnunet/raw_dataset.h"

// Data sets of the nnU-Net fixtures: a layout.json cuts them out of the shared data.
namespace fovea::parity {

struct DatasetLayout {
    std::string name;
    plan::nnunet::DatasetJson json;
    bool pictures = false;  // single pictures, not stacks
    std::vector<plan::nnunet::RawCase> cases;
};

// `path` is relative to the case's folder. Without `images` only name and dataset.json. Throws Error(Missing) naming a
// missing file, Error(Format) for a layout of another kind.
DatasetLayout readLayout(const GoldenCase& golden, const json& path, bool images);

}  // namespace fovea::parity
