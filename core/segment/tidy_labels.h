#pragma once
#include <cstdint>
#include <vector>

#include "data/volume.h"

namespace fovea::segment {

// Of the objects of a section (1, y, x), in ascending order of their ids: those with fewer than `minSize` pixels left
// become 0; holes of the others (background that face neighbours don't connect with the outside) are filled, whatever
// lay in them, and they are numbered 1 … n anew. As the authors of CellSAM do behind every segmentation. Returns
// the old id of each new one (old[new − 1]).
std::vector<std::int32_t> tidyLabels(Volume<std::int32_t>& section, std::int64_t minSize);

// Pixels become 0 whose neighbour to the left or below is another object or none: a line between touching objects.
void removeOutlines(Volume<std::int32_t>& section);

}  // namespace fovea::segment
