#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"
#include "segment/geodesic.h"

namespace fovea::segment {

// A region in a volume, found from one place outwards.
struct Spread {
    std::vector<std::int32_t> voxels;  // offsets into the volume
    double edge = 0;                   // mean of Growth::edge over its slices
};

struct SpreadSettings {
    double margin = 0.3;    // width of the band that is decided anew in the next slice, in depths of the region before
    double mostGrey = 0.5;  // how far its core may have changed towards the grey value around it, 1: all the way
};

// The region around `start` that `open` (1 = may be entered) leaves room for: grown in the slice of the start
// (growFrom), then slice by slice away from it in both directions. In each slice the core of the region before stands
// for the object and a ring around it for what is not; between them growRegion decides. It ends where the core has
// changed towards that ring, where the area changes by more than × 2.5, where less than half is shared with the slice
// before, and where the outline stands out less than half as much as edges usually do. `rivals`: offsets that pull the
// other way.
Spread spreadFrom(const Volume<float>& image, std::int32_t start, const std::vector<std::int32_t>& rivals,
                  const Volume<std::uint8_t>& open, std::int64_t mostInSlice, const SpreadSettings& settings, Job& job);

// The same from what is known of the region, `section` (1, H, W; 0 or 1) at z = `from`, in the direction of slice
// `through`, which it reaches whatever the image says. Without the section itself.
Spread continueFrom(const Volume<float>& image, const Volume<std::uint8_t>& section, std::int64_t from,
                    std::int64_t through, const std::vector<std::int32_t>& rivals, const Volume<std::uint8_t>& open,
                    const SpreadSettings& settings, Job& job);

}  // namespace fovea::segment
