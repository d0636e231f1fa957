#include "segment/holes.h"

#include <algorithm>

#include "data/volume.h"

namespace fovea::segment {

void fillHoles(std::vector<std::int32_t>& voxels, const Index& shape) {
    if (voxels.empty()) return;
    Box box{{shape.z, shape.y, shape.x}, {0, 0, 0}};
    for (std::int32_t i : voxels) {
        const Index v{i / (shape.y * shape.x), i / shape.x % shape.y, i % shape.x};
        for (int k = 0; k < 3; ++k) {
            box.begin[k] = std::min(box.begin[k], v[k]);
            box.end[k] = std::max(box.end[k], v[k] + 1);
        }
    }
    const Index margin{shape.z > 1, shape.y > 1, shape.x > 1};
    const Box around = box.grown(margin);
    Volume<std::uint8_t> state(around.extent());  // 0 not known, 1 blob, 2 outside
    for (std::int32_t i : voxels)
        state[Index{i / (shape.y * shape.x), i / shape.x % shape.y, i % shape.x} - around.begin] = 1;
    std::vector<Index> open{{0, 0, 0}};
    state.data()[0] = 2;
    while (!open.empty()) {
        const Index at = open.back();
        open.pop_back();
        for (int k = 0; k < 3; ++k)
            for (int d = -1; d <= 1; d += 2) {
                Index to = at;
                to[k] += d;
                if (!state.box().contains(to) || state[to] != 0) continue;
                state[to] = 2;
                open.push_back(to);
            }
    }
    if (state.data()[0] == 1) return;
    const Index n = state.shape();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x)
                if (state(z, y, x) == 0) {
                    const Index v = around.begin + Index{z, y, x};
                    voxels.push_back(std::int32_t((v.z * shape.y + v.y) * shape.x + v.x));
                }
}

}  // namespace fovea::segment
