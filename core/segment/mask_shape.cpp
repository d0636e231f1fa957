#include "segment/mask_shape.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "measure/components.h"

namespace fovea::segment {

double stability(std::span<const float> logits, double threshold, double offset) {
    const auto upper = float(threshold + offset), lower = float(threshold - offset);
    std::int64_t certain = 0, possible = 0;
    for (const float v : logits) certain += v > upper, possible += v > lower;
    return possible == 0 ? std::numeric_limits<double>::quiet_NaN() : double(certain) / double(possible);
}

std::vector<std::int64_t> runLengths(const Volume<std::uint8_t>& mask) {
    const Index n = mask.shape();
    std::vector<std::int64_t> runs{0};
    bool inside = false;
    for (std::int64_t x = 0; x < n.x; ++x)
        for (std::int64_t y = 0; y < n.y; ++y) {
            if ((mask(0, y, x) != 0) != inside) {
                inside = !inside;
                runs.push_back(0);
            }
            ++runs.back();
        }
    return runs;
}

Volume<std::uint8_t> maskOfRuns(const std::vector<std::int64_t>& runs, std::int64_t height, std::int64_t width) {
    Volume<std::uint8_t> mask({1, height, width});
    std::int64_t at = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i] < 0 || runs[i] > mask.size() - at) {
            at = -1;
            break;
        }
        for (const std::int64_t end = at + runs[i]; at < end; ++at)
            if (i % 2 == 1) mask(0, at % height, at / height) = 1;
    }
    if (at != mask.size())
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("The runs of a mask don't fill its {height} × {width} pixels. Make "
                                  "the mask again."),
                         {{"height", std::to_string(height)}, {"width", std::to_string(width)}}));
    return mask;
}

bool fillSmallHoles(Volume<std::uint8_t>& mask, std::int64_t area) {
    Volume<std::uint8_t> background = mask;
    for (std::uint8_t& v : background) v = v == 0;
    const measure::Components holes = measure::connectedComponents(background, 8);
    bool any = false;
    for (std::int64_t i = 0; i < mask.size(); ++i) {
        const std::int32_t id = holes.labels.data()[i];
        if (id == 0 || holes.sizes[std::size_t(id - 1)] >= area) continue;
        mask.data()[i] = 1;
        any = true;
    }
    return any;
}

bool dropSmallIslands(Volume<std::uint8_t>& mask, std::int64_t area) {
    const measure::Components pieces = measure::connectedComponents(mask, 8);
    std::vector<std::int32_t> kept = pieces.atLeast(area);
    const bool any = std::int32_t(kept.size()) < pieces.count();
    if (kept.empty()) kept = {pieces.largest()};
    for (std::int64_t i = 0; i < mask.size(); ++i) {
        const std::int32_t id = pieces.labels.data()[i];
        mask.data()[i] = id != 0 && std::binary_search(kept.begin(), kept.end(), id);
    }
    return any;
}

}  // namespace fovea::segment
