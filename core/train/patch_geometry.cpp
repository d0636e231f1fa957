#include "train/patch_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea::train {

namespace {

// Room for each axis when the patch turns by `angle` in the plane of axes a and b.
void growForTurn(Vec3& room, Index patch, int a, int b, double angle) {
    const double c = std::cos(angle), s = std::sin(angle), pa = double(patch[a]), pb = double(patch[b]);
    room[a] = std::max(room[a], std::abs(pa * c + pb * s));
    room[b] = std::max(room[b], std::abs(-pa * s + pb * c));
}

std::int64_t floorHalf(std::int64_t n) { return n >= 0 ? n / 2 : -((1 - n) / 2); }

}  // namespace

AugmentGeometry augmentGeometry(Index patch, int dims) {
    constexpr double pi = std::numbers::pi;
    AugmentGeometry g;
    const double longest = double(std::max({dims == 2 ? 0 : patch.z, patch.y, patch.x}));
    if (dims == 2) {
        g.inPlane = true;
        g.rotation = longest / double(std::min(patch.y, patch.x)) > 1.5 ? pi / 12 : pi;
    } else {
        g.inPlane = longest / double(patch.z) > 3;
        g.rotation = g.inPlane ? pi : pi / 6;
    }
    const double angle = std::min(g.rotation, pi / 2);
    Vec3 room{double(patch.z), double(patch.y), double(patch.x)};
    growForTurn(room, patch, 1, 2, angle);
    if (dims == 3) {
        growForTurn(room, patch, 2, 0, angle);
        growForTurn(room, patch, 0, 1, angle);
    }
    for (int a = 0; a < 3; ++a) g.initialPatch[a] = std::int64_t(room[a] / 0.85);
    if (g.inPlane) g.initialPatch.z = patch.z;
    return g;
}

std::int64_t forcedForeground(std::int64_t batch, double share) {
    return batch - std::int64_t(std::nearbyint(double(batch) * (1 - share)));
}

StartRange startRange(Index image, Index window, Index patch) {
    StartRange range;
    for (int a = 0; a < 3; ++a) {
        const std::int64_t pad = std::max(window[a] - patch[a], window[a] - image[a]);
        range.lower[a] = floorHalf(-pad);
        range.upper[a] = image[a] + floorHalf(pad) + (pad - 2 * floorHalf(pad)) - window[a];
    }
    return range;
}

Index startAround(Index location, const StartRange& range, Index window) {
    Index start;
    for (int a = 0; a < 3; ++a) start[a] = std::max(range.lower[a], location[a] - window[a] / 2);
    return start;
}

std::int64_t reflected(std::int64_t v, std::int64_t n) {
    if (n == 1) return 0;
    const std::int64_t period = 2 * n - 2;
    v = (v % period + period) % period;
    return v < n ? v : period - v;
}

Box centreBox(Index volume, Index patch) {
    Box box;
    for (int a = 0; a < 3; ++a) box.begin[a] = volume[a] / 2 - patch[a] / 2;
    box.end = box.begin + patch;
    return box;
}

}  // namespace fovea::train
