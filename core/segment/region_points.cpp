#include "segment/region_points.h"

#include <algorithm>

#include "measure/distance.h"

namespace fovea::segment {

std::vector<Index> pointsOfRegion(const Volume<std::uint8_t>& region, int most, Job& job) {
    const Index n = region.shape();
    // The border of the picture bounds the region as its outline does.
    Volume<std::uint8_t> framed({1, n.y + 2, n.x + 2});
    copyBox(region, region.box(), framed, {0, 1, 1});
    Volume<float> depth =
        crop(measure::distanceTransform(framed, {1, 1, 1}, false, job), {{0, 1, 1}, {1, n.y + 1, n.x + 1}});
    std::vector<Index> points;
    float least = 0;
    while (int(points.size()) < most) {
        const auto deepest = std::max_element(depth.begin(), depth.end());
        if (deepest == depth.end() || *deepest <= 0 || *deepest < least) break;
        const std::int64_t i = deepest - depth.begin();
        const Index at{0, i / n.x, i % n.x};
        const float reach = *deepest;
        if (points.empty()) least = reach / 2;
        points.push_back(at);
        const auto side = std::int64_t(reach) + 1;
        const Box around = Box{at, at + Index{1, 1, 1}}.grown({0, side, side}).intersected(depth.box());
        for (std::int64_t y = around.begin.y; y < around.end.y; ++y)
            for (std::int64_t x = around.begin.x; x < around.end.x; ++x)
                if (float((y - at.y) * (y - at.y) + (x - at.x) * (x - at.x)) < reach * reach) depth(0, y, x) = 0;
    }
    return points;
}

}  // namespace fovea::segment
