#include "segment/box_points.h"

namespace fovea::segment {

namespace {

constexpr std::int64_t outside = 2;

}  // namespace

std::vector<PointPrompt> pointsOfBox(const Box& box, const Box& within) {
    if (box.empty()) return {};
    const Index low = box.begin, high = box.end;
    const Index middle{low.z, (low.y + high.y) / 2, (low.x + high.x) / 2};
    std::vector<PointPrompt> points{{middle, true}};
    for (const Index& at : {Index{low.z, low.y - outside, middle.x}, Index{low.z, high.y - 1 + outside, middle.x},
                            Index{low.z, middle.y, low.x - outside}, Index{low.z, middle.y, high.x - 1 + outside}})
        if (within.contains(at)) points.push_back({at, false});
    return points;
}

}  // namespace fovea::segment
