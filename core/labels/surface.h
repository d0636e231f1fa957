#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "labels/label_layer.h"

namespace fovea::labels {

// A closed triangle surface. µm from the corner of the volume (voxel i spans i…i+1 spacings), in x, y, z order,
// right-handed: seen from outside, triangles run counter-clockwise.
struct Mesh {
    std::vector<float> vertices;           // 3 per vertex
    std::vector<float> normals;            // 3 per vertex, outward, length 1
    std::vector<std::uint32_t> triangles;  // 3 per triangle
    bool empty() const { return triangles.empty(); }
};

struct SurfaceOptions {
    bool smooth = true;                              // rounds off the steps of the voxels; keeps thin parts
    std::int64_t mostCells = std::int64_t(1) << 22;  // larger regions are coarsened by whole factors per axis
};

// Surface of one object inside `region` (cut to the volume; the surface is closed at its border). Naive surface nets
// (Gibson 1998) over the smoothed occupancy, which is held to its side of ½ in each voxel, so that nothing vanishes.
// Empty mesh when the object has no voxel there. Thread-safe (any worker thread). Throws Cancelled, and what reading
// the base throws.
Mesh objectSurface(const LabelLayer& layer, ObjectId id, const Box& region, const SurfaceOptions& options, Job& job);

}  // namespace fovea::labels
