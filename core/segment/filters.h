#pragma once
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// What lies beyond the edge of a volume: its last voxel over and over, or its mirror image around that voxel.
enum class Edge { Repeat, Mirror };

// Gaussian blur, separable, sigma in voxels per axis (0: untouched), kernel cut at ceil(3 sigma). In place and
// in parallel.
void blur(Volume<float>& volume, Vec3 sigma, Job& job, Edge edge = Edge::Repeat);

// Length of the central-difference gradient, per step of `spacing` on each axis; axes of one voxel add nothing.
Volume<float> gradientLength(const Volume<float>& volume, Vec3 spacing, Job& job);

// The values below which the shares (0 … 1) of the finite samples lie. At most about 10⁶ voxels are looked at, evenly
// spread. Zeros when nothing is finite.
std::vector<double> quantiles(const Volume<float>& volume, const std::vector<double>& shares);

}  // namespace fovea::segment
