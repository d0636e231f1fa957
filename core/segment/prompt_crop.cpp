#include "segment/prompt_crop.h"

#include <algorithm>

namespace fovea::segment {
namespace {

constexpr std::int64_t mostVoxels = std::int64_t(48) << 20;

}  // namespace

Box PromptPlace::grown(std::int64_t by, double step) const {
    Vec3 s = spacing;
    if (!spacingKnown) s.z = step * s.x;
    const double finest = std::min({s.z, s.y, s.x});
    Index margin;
    for (int axis = 0; axis < 3; ++axis)
        margin[axis] = std::max<std::int64_t>(1, std::int64_t(double(by) * finest / s[axis]));
    Box box = around.grown(margin).intersected(whole);
    if (slice) box.begin.z = *slice, box.end.z = *slice + 1;
    return box;
}

Box PromptPlace::widest() const { return grown(reach, 1); }

Box PromptPlace::crop(double step) const {
    Box box = widest();
    for (std::int64_t by = reach; by >= 8; by /= 2) {
        box = grown(by, step);
        if (box.count() <= mostVoxels) break;
    }
    return box;
}

}  // namespace fovea::segment
