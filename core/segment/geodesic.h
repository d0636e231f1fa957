#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// What a click can spread over: the image made ready once per answer.
struct GeodesicField {
    Volume<float> soft;    // image, lightly blurred
    Volume<float> edges;   // gradient length of `soft`
    Vec3 spacing;          // finest axis 1; of sections as far apart as they look where the image does not tell
    double usualEdge = 0;  // mean of `edges`
};
GeodesicField makeField(const Volume<float>& image, Job& job);
Vec3 relativeSpacing(const Volume<float>& image, Job& job);  // that of its field

struct Growth {
    std::vector<std::int32_t> voxels;  // offsets, nearest first
    double edge = 0;                   // how much stronger the edge along the outline is than usual, 0..1
};

// Grows a region from `start` in order of geodesic distance (Criminisi, Sharp, Blake 2008: length of a path, weighted
// by the edges it crosses and by how much the grey value differs from that around the start) and keeps the size at
// which the edge along the outline is strongest. Voxels with open = 0 are never entered and their faces count neither
// way; `rivals` grow at the same time and keep what they reach first. At most `mostVoxels`. Integer distances in
// buckets (Dial 1969): deterministic.
Growth growFrom(const GeodesicField& field, std::int32_t start, const std::vector<std::int32_t>& rivals,
                const Volume<std::uint8_t>& open, std::int64_t mostVoxels, Job& job);
// The same from several voxels at once, which all belong to the region; its grey value is theirs.
Growth growRegion(const GeodesicField& field, const std::vector<std::int32_t>& seeds,
                  const std::vector<std::int32_t>& rivals, const Volume<std::uint8_t>& open, std::int64_t mostVoxels,
                  Job& job);

}  // namespace fovea::segment
