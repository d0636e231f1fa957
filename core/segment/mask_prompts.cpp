#include "segment/mask_prompts.h"

#include <algorithm>
#include <cmath>

#include "data/image_resize.h"
#include "data/mask_box.h"
#include "measure/distance.h"
#include "segment/filters.h"

namespace fovea::segment {

namespace {

constexpr std::int64_t apartInside = 3, apartOutside = 5;
constexpr double smoothing = 1;  // of distances, in pixels

Volume<float> depthOf(const Volume<std::uint8_t>& mask, Job& job) {
    Volume<float> depth = measure::distanceTransform(mask, {1, 1, 1}, false, job);
    const float most = float(mask.shape().y + mask.shape().x);  // where nothing bounds it
    for (float& d : depth) d = std::min(d, most);
    blur(depth, {0, smoothing, smoothing}, job, Edge::Mirror);
    return depth;
}

// Pixels of the mask in the box with no deeper neighbour, deepest first, that lie further apart than `apart`.
std::vector<Index> summits(const Volume<std::uint8_t>& mask, const Volume<float>& depth, const Box& box,
                           std::int64_t apart) {
    std::vector<Index> found;
    for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
        for (std::int64_t x = box.begin.x; x < box.end.x; ++x) {
            if (!mask(0, y, x)) continue;
            const Box around = Box{{0, y - 1, x - 1}, {1, y + 2, x + 2}}.intersected(box);
            bool deepest = true;
            for (std::int64_t v = around.begin.y; v < around.end.y; ++v)
                for (std::int64_t u = around.begin.x; u < around.end.x; ++u)
                    deepest = deepest && (!mask(0, v, u) || depth(0, v, u) <= depth(0, y, x));
            if (deepest) found.push_back({0, y, x});
        }
    std::stable_sort(found.begin(), found.end(), [&](Index a, Index b) { return depth[a] > depth[b]; });
    std::vector<Index> kept;
    for (const Index& at : found)
        if (std::none_of(kept.begin(), kept.end(),
                         [&](const Index& k) { return std::max(std::abs(k.y - at.y), std::abs(k.x - at.x)) <= apart; }))
            kept.push_back(at);
    return kept;
}

}  // namespace

Box boxAround(const Volume<std::uint8_t>& mask, double extension) {
    Box box = boxOf(mask);
    if (box.empty()) return box;
    const Index n = box.extent();
    const auto by = [&](std::int64_t side) {
        return std::int64_t(std::lround(extension >= 1 ? extension : extension * double(side)));
    };
    return box.grown({0, by(n.y), by(n.x)}).intersected(mask.box());
}

Volume<float> logitsOf(const Volume<std::uint8_t>& mask, std::int64_t side) {
    const float sure = std::log(999.0F);
    const Index n = mask.shape();
    const double scale = double(side) / double(std::max(n.y, n.x));
    const auto scaled = [&](std::int64_t extent) {
        return std::clamp<std::int64_t>(std::llround(double(extent) * scale), 1, side);
    };
    Volume<float> grey(n);
    std::transform(mask.begin(), mask.end(), grey.begin(), [](std::uint8_t v) { return v != 0 ? 1.0F : 0.0F; });
    grey = resized(grey, scaled(n.y), scaled(n.x));
    Volume<float> logits({1, side, side}, -sure);
    for (std::int64_t y = 0; y < grey.shape().y; ++y)
        for (std::int64_t x = 0; x < grey.shape().x; ++x)
            if (grey(0, y, x) > 0.5F) logits(0, y, x) = sure;
    return logits;
}

MaskPoints pointsOf(const Volume<std::uint8_t>& mask, const Box& within, Job& job) {
    Volume<std::uint8_t> around(mask.shape());
    std::transform(mask.begin(), mask.end(), around.begin(), [](std::uint8_t v) { return v == 0; });
    return {summits(mask, depthOf(mask, job), within, apartInside),
            summits(around, depthOf(around, job), within, apartOutside)};
}

std::optional<Index> middleOf(const Volume<std::uint8_t>& mask, Job& job) {
    const Box box = boxOf(mask);
    if (box.empty()) return std::nullopt;
    // Nothing beyond one pixel around the box matters to what lies inside.
    const Box part = box.grown({0, 1, 1}).intersected(mask.box());
    const Volume<std::uint8_t> piece = crop(mask, part);
    const Volume<float> depth = depthOf(piece, job);
    Index best = box.begin - part.begin;
    float deepest = -1;
    for (std::int64_t y = 0; y < piece.shape().y; ++y)
        for (std::int64_t x = 0; x < piece.shape().x; ++x)
            if (piece(0, y, x) && depth(0, y, x) > deepest) deepest = depth(0, y, x), best = {0, y, x};
    return best + part.begin;
}

}  // namespace fovea::segment
