#pragma once
#include <array>
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// On which side of a surface a voxel lies. `None`: no part of what is divided.
enum class Side : std::uint8_t { Open, Inside, Outside, None };

constexpr double costUnit = 64;  // costs are whole numbers of so many to one

// What it costs a surface to pass between a voxel and the next one along an axis (0: z): `up` where the voxel is inside
// and the next one outside, `down` the other way round. All of one shape, 0 … 2²⁰.
struct FaceCosts {
    std::array<Volume<std::int32_t>, 3> up, down;
    std::int32_t voxelOutside = 0;  // what an open voxel costs outside; where < 0, what it costs inside
};

// Puts every open voxel on the side where the surface between inside and outside costs least in sum (a minimum cut;
// Boykov, Kolmogorov 2004, on the six neighbours). Of several equally cheap the one with the least inside. Exact,
// integer, the same every time. Returns what a face of the surface beside open voxels costs on average, in costUnits; 0
// where it has none. Throws Cancelled.
double cutCheapest(Volume<Side>& sides, const FaceCosts& costs, Job& job);

}  // namespace fovea::segment
