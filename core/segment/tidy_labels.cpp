#include "segment/tidy_labels.h"

#include <map>

#include "segment/holes.h"

namespace fovea::segment {

std::vector<std::int32_t> tidyLabels(Volume<std::int32_t>& section, std::int64_t minSize) {
    std::map<std::int32_t, std::vector<std::int32_t>> objects;
    for (std::int64_t i = 0; i < section.size(); ++i)
        if (section.data()[i] != 0) objects[section.data()[i]].push_back(std::int32_t(i));
    std::vector<std::int32_t> kept;
    for (auto& [id, voxels] : objects) {
        // What an object before it has filled is no longer its own.
        std::erase_if(voxels, [&, own = id](std::int32_t i) { return section.data()[i] != own; });
        const bool keep = !voxels.empty() && std::int64_t(voxels.size()) >= minSize;
        if (keep) fillHoles(voxels, section.shape());
        if (keep) kept.push_back(id);
        for (const std::int32_t i : voxels) section.data()[i] = keep ? std::int32_t(kept.size()) : 0;
    }
    return kept;
}

void removeOutlines(Volume<std::int32_t>& section) {
    const Index n = section.shape();
    const Volume<std::int32_t> before = section;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                const std::int32_t id = before(z, y, x);
                if ((x > 0 && before(z, y, x - 1) != id) || (y + 1 < n.y && before(z, y + 1, x) != id))
                    section(z, y, x) = 0;
            }
}

}  // namespace fovea::segment
