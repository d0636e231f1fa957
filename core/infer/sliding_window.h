#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "infer/window_grid.h"
#include "nn/compute.h"
#include "plan/preprocess.h"

namespace fovea::infer {

// (B, C, [Z,] Y, X) float32 on the device → logits (B, K, [Z,] Y, X). Folds are averaged inside.
using Network = std::function<at::Tensor(const at::Tensor&)>;

struct WindowOptions {
    int dims = 3;
    Index patch;  // z = 1 when dims is 2
    double step = 0.5;
    bool gaussian = true;              // else all voxels of a window count the same
    std::vector<int> mirrorAxes = {};  // the network's spatial axes (0 = its first) to flip, all combinations averaged
    std::int64_t batch = 1;            // windows per forward pass; halved where memory does not suffice
    std::vector<plan::ChannelNorm> norms;  // one per channel read
    std::string device = "cpu";
    nn::Compute compute;
    // Weights and sums in float16 as nnU-Net has them: half the memory, and its rounding at the image's corners, where
    // the only window counts next to nothing and logits become whole numbers.
    bool halfSums = false;
};
nlohmann::json toJson(const WindowOptions& options);

// Called with finished logits (K, y, x) float32 of one section of the part, on the device; z in image coordinates,
// ascending.
using OnSection = std::function<void(std::int64_t z, const at::Tensor& logits)>;

// nnU-Net's sliding window (spec section 5.2) over `frame`, a box of the image; outside of it zeros are seen. Only
// `part` (a box inside the frame) is computed, with the windows that touch it, so that parts put together give what the
// whole frame gives. Sections for which wanted(z) is false are left out, with the windows that
// only they need. Memory: patch.z sections of the part (K + 1 numbers per voxel) and of what its windows see (C floats
// per voxel). Thread: the batch lane. Calls job.yield() and job.check() for each batch of windows. Throws
// Error(Internal) when the network's output is not finite, Error(Memory) when one window is too much.
void slideWindows(const ImageSource& image, const Box& frame, const Box& part, const Network& network,
                  const WindowOptions& options, const std::function<bool(std::int64_t z)>& wanted,
                  const OnSection& onSection, Job& job);

}  // namespace fovea::infer
