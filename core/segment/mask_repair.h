#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// A mask and a click that it disagrees with. Lengths in `spacing`, where the finest axis is 1.
struct RepairRequest {
    const Volume<float>& image;
    const Volume<std::uint8_t>& mask;  // 0 or 1, with voxels of both
    const Volume<std::uint8_t>& open;  // 1 = may change sides
    Vec3 spacing;
    Index at;                          // mask(at) is wrong
    std::vector<std::int32_t> rivals;  // other clicks, which say the opposite
    bool settled = false;              // see OutlineClick
};

struct Repair {
    std::vector<std::int32_t> voxels;  // that change sides, offsets
    double depth = 0;                  // of the click beyond the outline; 0 where sections were carried on
    double belief = 0;                 // 0..1
    bool settles = false;              // the rest of the outline is right now, as far as the click tells
};

// The least change that makes the mask agree with the click, as the image has it. A click lies in the middle of what is
// wrong. Close to the outline, in comparison with the object's half-width, it moves the outline (outline_move.h). Deep
// in what is missing or too much it adds or takes away a region no further than such a click reaches: the cheapest cut
// (grid_cut.h) whose outline looks like that of the mask (outline_look.h), between the ball that fits in at the click
// and what is right. A thick section (section_step.h) that has nothing of the object yet is reached by carrying on the
// nearest that has (propagate.h).
Repair repairAt(const RepairRequest& request, Job& job);

// What repairAt() should be given of a larger mask: the mask and the click, and as much around as it looks at.
Box repairBox(const Volume<std::uint8_t>& mask, Vec3 spacing, Index at);

}  // namespace fovea::segment
