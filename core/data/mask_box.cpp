#include "data/mask_box.h"

#include <algorithm>

namespace fovea {

Box boxOf(const Volume<std::uint8_t>& mask) {
    const Index n = mask.shape();
    Box box;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const std::uint8_t* row = mask.data() + mask.offset(z, y, 0);
            const std::uint8_t* end = row + n.x;
            const std::uint8_t* first = std::find_if(row, end, [](std::uint8_t v) { return v != 0; });
            if (first == end) continue;
            std::int64_t last = n.x;
            while (row[last - 1] == 0) --last;
            box = box.united({{z, y, first - row}, {z + 1, y + 1, last}});
        }
    return box;
}

}  // namespace fovea
