#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// Renumbers in place to 1 … n in ascending order of the old ids; 0 stays. Returns the old id of each new one (old[new −
// 1]). T: int32 or int64.
template <class T>
std::vector<T> relabelDense(Volume<T>& labels);

// Objects with fewer voxels than `minVoxels` become 0; the other ids stay. Returns how many were dropped.
std::int64_t dropSmallObjects(Volume<std::int32_t>& labels, std::int64_t minVoxels);

// Joins 2D objects of neighbouring slices into 3D ones. An id that occurs in several slices is one 2D object in each of
// them. Two pieces are joined where each is the other's best IoU and they share at least `minOverlap` of the smaller
// one (the rule by which `mito_instances_linked` was made, with 0.3). Ties: the lower id. Result ids 1 … n by first
// voxel in C order.
Volume<std::int32_t> linkSlices(const Volume<std::int32_t>& slices, double minOverlap, Job& job);

// Ids (ascending) of the objects that have at least `fraction` of their voxels inside `box`.
std::vector<std::int32_t> idsMostlyInside(const Volume<std::int32_t>& labels, const Box& box, double fraction = 0.5);
// Everything but these ids (ascending) becomes 0.
void keepIds(Volume<std::int32_t>& labels, const std::vector<std::int32_t>& ids);

}  // namespace fovea::measure
