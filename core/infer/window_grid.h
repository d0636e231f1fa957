#pragma once
#include <cstdint>
#include <vector>

#include "data/box.h"

namespace fovea::infer {

// Where nnU-Net's sliding window stands (spec section 5.2). Torch-free.

// Starts on one axis: steps = ceil((size − patch) / (patch · step)) + 1, evenly spread, rounded half to even. size ≥
// patch.
std::vector<std::int64_t> windowStarts(std::int64_t size, std::int64_t patch, double step = 0.5);

// Windows over a frame. Starts are in the frame's coordinates; they are negative, and windows reach beyond its end,
// where the frame is smaller than the patch (zeros are seen there: before = floor of half the difference).
struct WindowGrid {
    Index patch;                          // z = 1 for 2D networks
    std::vector<std::int64_t> starts[3];  // z, y, x
    std::int64_t windows() const {
        return std::int64_t(starts[0].size()) * std::int64_t(starts[1].size()) * std::int64_t(starts[2].size());
    }
};

// dims 2: each section of axis 0 is covered by 2D windows (patch.z must be 1). Throws Error(Input) for an empty frame
// or patch, or a step outside (0, 1].
WindowGrid planWindows(const Box& frame, Index patch, int dims, double step = 0.5);

// Weight of each voxel of a window, C order: 10 · Π exp(−(i − c)² / 2σ²), c = size / 2 (integer division), σ = size ·
// sigmaScale, rounded to float16, zeros replaced by the smallest entry that is not. `size` has one to three axes.
std::vector<float> gaussianWeights(const std::vector<std::int64_t>& size, double sigmaScale = 0.125);

}  // namespace fovea::infer
