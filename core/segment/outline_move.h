#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// A click on the wrong side of an outline. Lengths in `spacing`, where the finest axis is 1.
struct OutlineClick {
    const Volume<float>& image;        // lightly blurred
    const Volume<std::uint8_t>& mask;  // 0 or 1
    Vec3 spacing;
    Index at;
    bool thick = false;    // sections too far apart for an outline to be followed across them
    bool settled = false;  // an earlier click has said that the rest of the outline is right
    double halfWidth = 0;  // of the object
};

// Distance to the outline, half way between voxels, of those that are wrong if the click is right (mask as at the
// click); 0 elsewhere. In thick sections, where nobody sees how far a section reaches, the next one counts as all of a
// section away.
Volume<float> distanceToOutline(const OutlineClick& click, Job& job);

struct OutlineMove {
    std::vector<std::int32_t> voxels;  // that change sides, offsets
    bool allRound = false;
    double belief = 0;  // 0..1: how much the image bears out that those and no others change
};

// Moves the outline to where the click says it belongs: a click lies in the middle of what is wrong, so twice its
// distance further. What the image looks like across both places near the click tells elsewhere which of them is the
// better outline. Where the outline seems as wrong nearly everywhere it moves all round, else only the piece at the
// click that seems wrong too; where the image tells nothing, what lies next to the click. A click in a dent or on a
// bump, where no ball of about that size can roll, speaks for a piece, and so does one deep in comparison with
// the half-width of the object or after the outline is settled. `distance`: distanceToOutline().
OutlineMove moveOutline(const OutlineClick& click, const Volume<float>& distance, Job& job);

}  // namespace fovea::segment
