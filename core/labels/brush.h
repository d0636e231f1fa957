#pragma once
#include <cstdint>

#include "data/volume.h"

namespace fovea::labels {

enum class BrushShape { Sphere, Disc };

// Voxels a tool touches: mask ≠ 0, its first voxel at `origin`. Empty when nothing of it lies in the volume.
struct Stamp {
    Index origin;
    Volume<std::uint8_t> mask;
    Box box() const { return Box::of(mask.shape()).shifted(origin); }
    bool empty() const { return mask.empty(); }
};

struct Brush {
    BrushShape shape = BrushShape::Sphere;
    double diameter = 1;  // µm
    int axis = 0;         // normal of the disc: 0 = z (drawn in an xy slice), 1 = y, 2 = x
};

// One dab. `centre` is in voxels, z, y, x, voxel i being centred at i; `spacing` in µm. A voxel belongs to it when its
// centre lies within the radius; the voxel under the centre always does. Cut to `volume`.
Stamp dab(const Brush& brush, Vec3 centre, Vec3 spacing, Index volume);
// Everything the brush sweeps moving straight from one point to the other (a capsule), so that strokes have no gaps.
Stamp stroke(const Brush& brush, Vec3 from, Vec3 to, Vec3 spacing, Index volume);

}  // namespace fovea::labels
