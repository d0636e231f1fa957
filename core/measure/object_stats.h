#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// What can be said about one object from its voxels. Positions are voxel coordinates of the label volume.
struct ObjectStats {
    std::int64_t id = 0;
    std::int64_t voxels = 0;
    Box box;
    Vec3 centroid;                   // mean voxel position
    std::vector<std::int64_t> area;  // voxels per slice, from box.begin.z on
    bool touchesBorder =
        false;        // a voxel lies on a face of the volume; along z only where there is more than one slice
    double mean = 0;  // of the image, 0 without one
};

// One entry per id ≠ 0, ascending. T: uint8, int32 or int64. `image`: same shape, or null. One pass; memory per object,
// not per possible id. Throws Error(Input) when shapes differ, Cancelled.
template <class T>
std::vector<ObjectStats> objectStats(const Volume<T>& labels, const Volume<float>* image, Job& job);
template <class T>
std::vector<ObjectStats> objectStats(const Volume<T>& labels, const Volume<float>* image = nullptr) {
    Job nothing;
    return objectStats(labels, image, nothing);
}

}  // namespace fovea::measure
