#include "segment/local_change.h"

#include <algorithm>
#include <set>

#include "measure/components.h"
#include "measure/distance.h"

namespace fovea::segment {

namespace {

constexpr float rim = 2;        // depth up to which a difference is a rim
constexpr double rimReach = 8;  // pixels
constexpr int coreToPiece = 2;  // steps from a piece's core, what is deeper than a rim, to its edge

// Every core spread over what of the difference lies around it; pixels keep the core that reaches them first.
void growBack(Volume<std::int32_t>& cores, const Volume<std::uint8_t>& difference) {
    for (int step = 0; step < coreToPiece; ++step) {
        const Volume<std::int32_t> before = cores;
        for (std::int64_t y = 0; y < cores.shape().y; ++y)
            for (std::int64_t x = 0; x < cores.shape().x; ++x) {
                if (!difference(0, y, x) || before(0, y, x) != 0) continue;
                const Box around = Box{{0, y - 1, x - 1}, {1, y + 2, x + 2}}.intersected(cores.box());
                for (std::int64_t v = around.begin.y; v < around.end.y; ++v)
                    for (std::int64_t u = around.begin.x; u < around.end.x; ++u)
                        cores(0, y, x) = std::max(cores(0, y, x), before(0, v, u));
            }
    }
}

}  // namespace

Volume<std::uint8_t> difference(const Volume<std::uint8_t>& present, const Volume<std::uint8_t>& proposed,
                                const Volume<std::uint8_t>& open, bool adds) {
    Volume<std::uint8_t> result(present.shape());
    for (std::int64_t i = 0; i < result.size(); ++i) {
        const bool now = present.data()[i] != 0, then = proposed.data()[i] != 0;
        result.data()[i] = now != then && then == adds && open.data()[i] != 0;
    }
    return result;
}

Volume<std::uint8_t> piecesAt(const Volume<std::uint8_t>& difference, const Volume<std::uint8_t>& at, Job& job) {
    const Volume<float> depth = measure::distanceTransform(difference, {1, 1, 1}, false, job);
    Volume<std::uint8_t> deep(difference.shape());
    std::transform(depth.begin(), depth.end(), deep.begin(), [](float d) { return d > rim; });
    Volume<std::int32_t> cores = measure::connectedComponents(deep, 8, false, job).labels;
    growBack(cores, difference);
    std::set<std::int32_t> wanted;
    Volume<std::uint8_t> elsewhere(difference.shape(), 1);  // than at pixels of a rim
    for (std::int64_t i = 0; i < cores.size(); ++i) {
        if (!at.data()[i] || !difference.data()[i]) continue;
        if (cores.data()[i] != 0)
            wanted.insert(cores.data()[i]);
        else
            elsewhere.data()[i] = 0;
    }
    const Volume<float> away = measure::distanceTransform(elsewhere, {1, 1, 1}, false, job);
    Volume<std::uint8_t> result(difference.shape());
    for (std::int64_t i = 0; i < cores.size(); ++i)
        result.data()[i] = difference.data()[i] && (cores.data()[i] != 0 ? wanted.contains(cores.data()[i])
                                                                         : double(away.data()[i]) <= rimReach);
    return result;
}

Volume<std::uint8_t> pieceWith(const Volume<std::uint8_t>& mask, Index at, Job& job) {
    const measure::Components pieces = measure::connectedComponents(mask, 8, false, job);
    const std::int32_t wanted = pieces.labels[at];
    Volume<std::uint8_t> result(mask.shape());
    if (wanted != 0)
        std::transform(pieces.labels.begin(), pieces.labels.end(), result.begin(),
                       [&](std::int32_t id) { return id == wanted; });
    return result;
}

std::int64_t pixelsOf(const Volume<std::uint8_t>& mask) {
    return std::count_if(mask.begin(), mask.end(), [](std::uint8_t v) { return v != 0; });
}

double overlapOf(const Volume<std::uint8_t>& a, const Volume<std::uint8_t>& b) {
    std::int64_t both = 0, either = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) {
        both += a.data()[i] && b.data()[i];
        either += a.data()[i] || b.data()[i];
    }
    return either > 0 ? double(both) / double(either) : 0;
}

}  // namespace fovea::segment
