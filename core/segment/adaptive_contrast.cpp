#include "segment/adaptive_contrast.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.h"

namespace fovea::segment {

namespace {

constexpr int levels = 16384, bins = 256, levelsPerBin = 1 + levels / bins;

using Histogram = std::array<std::int64_t, bins>;

// Positions of an axis in front of and behind which it is mirrored (without repeating the edge) to whole blocks and
// half a block more on either side.
struct PaddedAxis {
    std::int64_t length, front, padded;

    PaddedAxis(std::int64_t length_, std::int64_t block) : length(length_), front(block / 2) {
        padded = front + length + (block - length % block) % block + (block + 1) / 2;
    }
    std::int64_t source(std::int64_t position) const {
        const std::int64_t period = std::max<std::int64_t>(1, 2 * (length - 1));
        const std::int64_t p = ((position - front) % period + period) % period;
        return std::min(p, period - p) % length;
    }
    std::int64_t blocks(std::int64_t block) const { return padded / block - 1; }
};

// Takes what lies above `limit` and spreads it over the levels below.
void clip(Histogram& h, std::int64_t limit) {
    std::int64_t excess = 0;
    for (std::int64_t& n : h) {
        excess += std::max<std::int64_t>(0, n - limit);
        n = std::min(n, limit);
    }
    const std::int64_t share = excess / bins, upper = limit - share;
    for (std::int64_t& n : h) {
        const std::int64_t raised = n < upper ? n + share : n;
        const std::int64_t now = raised >= upper ? limit : raised;  // those that the share lifts so far as well
        excess -= now - n;
        n = now;
    }
    while (excess > 0)
        for (int start = 0; start < bins && excess > 0; ++start) {
            const std::int64_t open = std::count_if(h.begin(), h.end(), [&](std::int64_t n) { return n < limit; });
            if (open == 0) return;
            const std::int64_t step = std::max<std::int64_t>(1, open / excess);
            for (std::int64_t b = start; b < bins; b += step)
                if (h[std::size_t(b)] < limit) ++h[std::size_t(b)], --excess;
        }
}

// What each bin becomes.
std::array<float, bins> mapOf(Histogram h, const AdaptiveContrast& options) {
    const double pixels = double(options.block * options.block);
    clip(h, std::max<std::int64_t>(1, std::int64_t(options.clip * pixels)));
    std::array<float, bins> map{};
    double sum = 0;
    for (int b = 0; b < bins; ++b) {
        sum += double(h[std::size_t(b)]);
        map[std::size_t(b)] = float(std::trunc(std::min(sum * double(levels - 1) / pixels, double(levels - 1))));
    }
    return map;
}

void stretch(Volume<float>& section) {
    const auto [least, most] = std::minmax_element(section.begin(), section.end());
    const double low = *least, range = double(*most) - low;
    for (float& v : section) v = range > 0 ? float((double(v) - low) / range) : 0;
}

// Grey values 0…1 as bins, by way of 16 bits and the levels of the method.
std::vector<std::uint8_t> binned(const Volume<float>& section) {
    std::vector<double> wide(section.vector().size());
    for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = std::nearbyint(65535.0 * double(section.vector()[i]));
    const auto [least, most] = std::minmax_element(wide.begin(), wide.end());
    const double low = *least, range = *most - low;
    std::vector<std::uint8_t> result(wide.size());
    for (std::size_t i = 0; i < wide.size(); ++i)
        result[i] = std::uint8_t(std::nearbyint((wide[i] - low) / range * (levels - 1)) / levelsPerBin);
    return result;
}

// The two blocks a padded position lies between, and how far it is from the first to the second.
struct Between {
    std::int64_t first, second;
    double share;

    Between(std::int64_t position, std::int64_t block, std::int64_t blocks)
        : first(std::clamp<std::int64_t>(position / block - 1, 0, blocks - 1)),
          second(std::clamp<std::int64_t>(position / block, 0, blocks - 1)),
          share(double(position % block) / double(block)) {}
};

}  // namespace

double percentileOfNonZero(std::vector<float> values, double percent) {
    std::erase_if(values, [](float v) { return v == 0 || !std::isfinite(v); });
    if (values.empty()) return 0;
    const double at = percent / 100 * double(values.size() - 1);
    const auto below = values.begin() + std::ptrdiff_t(at);
    std::nth_element(values.begin(), below, values.end());
    if (below + 1 == values.end()) return *below;
    const double low = *below, high = *std::min_element(below + 1, values.end());
    return low + (at - std::floor(at)) * (high - low);
}

void clipBright(Volume<float>& section, double percent) {
    const auto most = float(percentileOfNonZero(section.vector(), percent));
    for (float& v : section) v = std::min(v, most);
}

void equaliseAdaptively(Volume<float>& section, const AdaptiveContrast& options, Job& job) {
    if (section.empty()) return;
    const Index n = section.shape();
    if (n.z != 1 || options.block < 1)
        throw Error(ErrorKind::Input, {FOVEA_TR("Contrast can be evened out in one section at a time, in squares of at "
                                                "least one pixel, not in {shape} with {block}."),
                                       {{"shape", toString(n)}, {"block", std::to_string(options.block)}}});
    stretch(section);
    if (*std::max_element(section.begin(), section.end()) == 0) return;
    const std::vector<std::uint8_t> grey = binned(section);

    const std::int64_t k = options.block;
    const PaddedAxis rows(n.y, k), columns(n.x, k);
    const std::int64_t down = rows.blocks(k), across = columns.blocks(k);
    std::vector<std::array<float, bins>> maps(std::size_t(down * across));
    parallelFor(down * across, job, [&](std::int64_t block) {
        const std::int64_t y0 = k / 2 + block / across * k, x0 = k / 2 + block % across * k;
        Histogram h{};
        for (std::int64_t y = y0; y < y0 + k; ++y)
            for (std::int64_t x = x0; x < x0 + k; ++x) ++h[grey[std::size_t(rows.source(y) * n.x + columns.source(x))]];
        maps[std::size_t(block)] = mapOf(h, options);
    });
    parallelFor(n.y, job, [&](std::int64_t y) {
        const Between r(rows.front + y, k, down);
        for (std::int64_t x = 0; x < n.x; ++x) {
            const Between c(columns.front + x, k, across);
            const std::size_t bin = grey[std::size_t(y * n.x + x)];
            const auto part = [&](std::int64_t i, std::int64_t j, double weight) {
                return float(weight * double(maps[std::size_t(i * across + j)][bin]));
            };
            // Rounded as there: the sum is cut to a whole number.
            float sum = part(r.first, c.first, (1 - r.share) * (1 - c.share));
            sum += part(r.first, c.second, (1 - r.share) * c.share);
            sum += part(r.second, c.first, r.share * (1 - c.share));
            sum += part(r.second, c.second, r.share * c.share);
            section(0, y, x) = std::trunc(sum);
        }
    });
    stretch(section);
}

}  // namespace fovea::segment
