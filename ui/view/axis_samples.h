#pragma once
#include <cstdint>
#include <vector>

namespace fovea::ui {

// How the pixels of one axis are made from source samples: `pixels` entries of (first source sample, weights).
// Nearest from 4 pixels per voxel, linear between 1 and 4, averaged below 1.
struct AxisSamples {
    std::int64_t begin = 0, end = 0;  // source samples needed, half-open, clipped to [0, extent)
    std::vector<std::int32_t> first;  // per pixel, relative to begin; -1 = outside the volume
    std::vector<std::int32_t> start;  // per pixel, where its weights begin; one more at the end
    std::vector<float> weights;
};

// Pixels [from, from + count) of an axis with `perSample` pixels per source sample.
AxisSamples sampleAxis(std::int64_t from, int count, double perSample, std::int64_t extent);

// The voxel whose cell holds the middle of each pixel; -1 outside.
std::vector<std::int64_t> nearestVoxels(std::int64_t from, int count, double perVoxel, std::int64_t extent);

}  // namespace fovea::ui
