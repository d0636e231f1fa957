#pragma once
#include <cstdint>
#include <functional>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// On which side of a surface a voxel lies. `None`: no part of what is divided.
enum class Side : std::uint8_t { Open, Inside, Outside, None };

constexpr double costUnit = 64;  // costs are whole numbers of so many to one

// What it costs a surface to pass between a voxel and the next one along an axis: `up` where the voxel is inside and
// the next one outside, `down` the other way round. 0 … 2²⁰.
struct FaceCost {
    std::int32_t up = 0, down = 0;
};
// Of the face between a voxel and the next one along an axis (0: z).
using FaceCosts = std::function<FaceCost(Index voxel, int axis)>;

// Puts every open voxel on the side where the surface between inside and outside costs least in sum (a minimum cut;
// Boykov, Kolmogorov 2004, on the six neighbours). Of several equally cheap the one with the least inside. Exact,
// integer, the same every time. `costs` is asked for faces of open voxels alone; `voxelOutside`: what an open voxel
// costs outside; where < 0, what it costs inside. Returns what a face of the surface beside open voxels costs on
// average, in costUnits; 0 where it has none. Throws Cancelled.
double cutCheapest(Volume<Side>& sides, const FaceCosts& costs, std::int32_t voxelOutside, Job& job);

}  // namespace fovea::segment
