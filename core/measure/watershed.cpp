#include "measure/watershed.h"

#include <bit>
#include <cmath>
#include <queue>
#include <vector>

namespace fovea::measure {
namespace {

// Voxels waiting to spread, lowest value first, oldest first among equals.
struct Waiting {
    std::uint32_t value = 0;  // order-preserving bits of the landscape
    std::uint64_t age = 0;
    std::int64_t at = 0;
    bool operator>(const Waiting& other) const { return value != other.value ? value > other.value : age > other.age; }
};

std::uint32_t sortable(float value) {
    if (std::isnan(value)) return 0xFFFFFFFFu;
    const auto bits = std::bit_cast<std::uint32_t>(value == 0 ? 0.0f : value);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

}  // namespace

Volume<std::int32_t> watershed(const Volume<float>& landscape, const Volume<std::int32_t>& seeds,
                               const Volume<std::uint8_t>& mask, int connectivity, Job& job) {
    const Index shape = landscape.shape();
    if (seeds.shape() != shape || (!mask.empty() && mask.shape() != shape))
        throw Error(ErrorKind::Input,
                    FOVEA_TR("Landscape, seeds and mask of a watershed differ in shape; give volumes of one shape."));
    if (connectivity != 6 && connectivity != 26)
        throw Error(ErrorKind::Input, {FOVEA_TR("A watershed over {value} neighbours is not offered; use 6 or 26."),
                                       {{"value", std::to_string(connectivity)}}});
    Volume<std::int32_t> labels(shape);
    labels.geometry = landscape.geometry;
    const auto open = [&](std::int64_t i) { return mask.empty() || mask.data()[i] != 0; };
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue;
    std::uint64_t age = 0;
    for (std::int64_t i = 0; i < labels.size(); ++i)
        if (seeds.data()[i] != 0 && open(i)) {
            labels.data()[i] = seeds.data()[i];
            queue.push({sortable(landscape.data()[i]), age++, i});
        }
    std::int64_t done = 0;
    while (!queue.empty()) {
        if ((++done & 0xFFFF) == 0) job.check();
        const std::int64_t at = queue.top().at;
        queue.pop();
        const std::int64_t x = at % shape.x, y = at / shape.x % shape.y, z = at / (shape.x * shape.y);
        for (std::int64_t dz = z > 0 ? -1 : 0; dz <= (z + 1 < shape.z ? 1 : 0); ++dz)
            for (std::int64_t dy = y > 0 ? -1 : 0; dy <= (y + 1 < shape.y ? 1 : 0); ++dy)
                for (std::int64_t dx = x > 0 ? -1 : 0; dx <= (x + 1 < shape.x ? 1 : 0); ++dx) {
                    if (connectivity == 6 && dz * dz + dy * dy + dx * dx != 1) continue;
                    const std::int64_t next = at + (dz * shape.y + dy) * shape.x + dx;
                    if (labels.data()[next] != 0 || !open(next)) continue;
                    labels.data()[next] = labels.data()[at];
                    queue.push({sortable(landscape.data()[next]), age++, next});
                }
    }
    return labels;
}

}  // namespace fovea::measure
