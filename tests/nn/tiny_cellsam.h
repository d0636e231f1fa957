#pragma once
#include <filesystem>

#include "nn/cellsam/checkpoint.h"

namespace fovea::test {

// A CellSAM small enough for tests, with random but repeatable weights. Its masks' guessed IoU is 1, so that none is
// dropped for that.
nn::cellsam::CellSamConfig tinyCellSamConfig();
nn::State tinyCellSam(bool advanced);

}  // namespace fovea::test
