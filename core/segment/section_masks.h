#pragma once
#include <cstdint>
#include <vector>

#include "data/volume.h"

namespace fovea::segment {

// An object that was found in one section, for itself: others may lie over it.
struct SectionMask {
    Box box;                           // where it lies; one section deep
    std::vector<std::uint8_t> pixels;  // of the box in C order, 1 = the object
    double score = 0;                  // 0…1
    bool cut = false;                  // by the edge of the tile it was found in, beyond which the image goes on
};

std::int64_t areaOf(const SectionMask& mask);
// Pixels that belong to both.
std::int64_t sharedPixels(const SectionMask& a, const SectionMask& b);

// The masks of a label image (1, y, x) whose first pixel lies at `at` of the section; scores[id − 1] belong to ids 1…n.
// Those without a pixel are left out.
std::vector<SectionMask> masksOf(const Volume<std::int32_t>& labels, Index at, const std::vector<double>& scores);

// A tile of a section and what was found in it.
struct TileMasks {
    Box tile;
    std::vector<SectionMask> masks;
};

// One list out of tiles that overlap. Masks of two tiles are one object where their IoU in what both tiles see is at
// least `minIou`; of those, the best whole one stands for the object, or all pieces together where each is cut.
std::vector<SectionMask> joinTiles(const std::vector<TileMasks>& tiles, double minIou);

struct RepeatRules {
    double mostIou = 0.5;     // with a better mask
    double mostInside = 0.8;  // share of the smaller of two masks that may lie inside the other
};
// The masks in descending order of their scores without those that overlap a better one by more than the rules allow.
std::vector<SectionMask> withoutRepeats(std::vector<SectionMask> masks, const RepeatRules& rules = {});

// Everything but the largest connected piece (8 neighbours; the first in C order on ties) is taken out of the mask.
void keepLargestPiece(SectionMask& mask);

// Label image of a section: mask i becomes i + 1, the last in the list on top.
Volume<std::int32_t> paintLastOnTop(const std::vector<SectionMask>& masks, Index shape);
// Label image of a section: mask i becomes i + 1, the first in the list on top. Then holes are filled where nothing
// else lies, and what is left of an object with fewer than `minSize` pixels becomes 0.
Volume<std::int32_t> paintMasks(const std::vector<SectionMask>& masks, Index shape, std::int64_t minSize);

}  // namespace fovea::segment
