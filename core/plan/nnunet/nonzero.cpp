#include "plan/nnunet/nonzero.h"

#include <algorithm>

namespace fovea::plan::nnunet {

namespace {

constexpr std::uint8_t outside = 2;

// Everything that is 0 and reaches the border becomes `outside`.
void floodOutside(Volume<std::uint8_t>& mask) {
    const Index n = mask.shape();
    std::vector<std::int64_t> waiting;
    const auto reach = [&](std::int64_t at) {
        if (mask.data()[at] != 0) return;
        mask.data()[at] = outside;
        waiting.push_back(at);
    };
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const bool face = z == 0 || z == n.z - 1 || y == 0 || y == n.y - 1;
            for (std::int64_t x = 0; x < n.x; x += face ? 1 : std::max<std::int64_t>(1, n.x - 1))
                reach(mask.offset(z, y, x));
        }
    while (!waiting.empty()) {
        const std::int64_t at = waiting.back();
        waiting.pop_back();
        const std::int64_t z = at / (n.y * n.x), y = at / n.x % n.y, x = at % n.x;
        if (z > 0) reach(at - n.y * n.x);
        if (z + 1 < n.z) reach(at + n.y * n.x);
        if (y > 0) reach(at - n.x);
        if (y + 1 < n.y) reach(at + n.x);
        if (x > 0) reach(at - 1);
        if (x + 1 < n.x) reach(at + 1);
    }
}

}  // namespace

Volume<std::uint8_t> nonzeroMask(const std::vector<Volume<float>>& channels) {
    Volume<std::uint8_t> mask(channels.front().shape());
    for (const Volume<float>& channel : channels)
        for (std::int64_t i = 0; i < mask.size(); ++i) mask.data()[i] |= channel.data()[i] != 0;
    floodOutside(mask);
    for (std::uint8_t& value : mask) value = value != outside;
    return mask;
}

Box boxAround(const Volume<std::uint8_t>& mask) {
    const Index n = mask.shape();
    Box box{n, {0, 0, 0}};
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                if (!mask(z, y, x)) continue;
                box.begin = {std::min(box.begin.z, z), std::min(box.begin.y, y), std::min(box.begin.x, x)};
                box.end = {std::max(box.end.z, z + 1), std::max(box.end.y, y + 1), std::max(box.end.x, x + 1)};
            }
    return box.empty() ? Box::of(n) : box;
}

}  // namespace fovea::plan::nnunet
