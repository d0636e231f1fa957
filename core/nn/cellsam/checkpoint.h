#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "nn/cellsam/cell_finder.h"
#include "nn/sam/sam.h"
#include "nn/weights.h"

namespace fovea::nn::cellsam {

struct CellSamConfig {
    sam::SamConfig segmenter;  // with SAM's own image encoder
    CellFinderConfig finder;
};

// Both networks of a CellSAM checkpoint.
struct CellSam {
    CellFinder finder{nullptr};
    sam::Sam segmenter{nullptr};      // `model_cp` where the file has one, else `model`
    bool advanced = false;            // the file has a `model_cp`: pictures are prepared in another way
    std::vector<std::string> unused;  // names that no network has a place for
};

// Sizes read off the names and shapes of a checkpoint; what they don't tell (heads of the transformers) is as
// published. Throws Error(Format) naming what is missing.
CellSamConfig configOf(const State& state, const std::string& source);

// The networks with the values of a checkpoint (names with their prefixes model., model_cp. and
// cellfinder.decode_head.). Strict, unlike the authors' loader: throws Error(Format) with a report when something of a
// network is missing or has another shape. `source` names the file.
CellSam cellSamFrom(const State& state, const CellSamConfig& config, const std::string& source);

// A checkpoint file of the authors (.pt, as it is or under "state_dict"). Throws Error(Missing | Format | Unsupported).
CellSam loadCellSam(const std::filesystem::path& path);

}  // namespace fovea::nn::cellsam
