#include "data/cut_objects.h"

#include <algorithm>

namespace fovea {

namespace {

struct Seen {
    std::int64_t voxels = 0;
    bool atFace = false;
    std::set<std::size_t> patches;
};

bool goesOn(const Box& patch, Index v, Index shape) {
    for (int axis = 0; axis < 3; ++axis)
        if ((v[axis] == patch.begin[axis] && patch.begin[axis] > 0) ||
            (v[axis] == patch.end[axis] - 1 && patch.end[axis] < shape[axis]))
            return true;
    return false;
}

}  // namespace

std::map<std::int32_t, std::set<std::size_t>> cutByPatches(const std::function<Volume<std::int32_t>(const Box&)>& read,
                                                           const std::vector<Box>& patches, Index shape,
                                                           const std::map<std::int32_t, std::int64_t>& voxels) {
    std::map<std::int32_t, Seen> seen;
    for (auto patch = patches.begin(); patch != patches.end(); ++patch) {
        const Volume<std::int32_t> labels = read(*patch);
        std::int64_t i = 0;
        for (std::int64_t z = patch->begin.z; z < patch->end.z; ++z)
            for (std::int64_t y = patch->begin.y; y < patch->end.y; ++y)
                for (std::int64_t x = patch->begin.x; x < patch->end.x; ++x, ++i) {
                    const std::int32_t id = labels.data()[i];
                    if (id == 0) continue;
                    const Index v{z, y, x};
                    // Patches may overlap: a voxel counts in the first that holds it.
                    if (std::any_of(patches.begin(), patch, [&](const Box& earlier) { return earlier.contains(v); }))
                        continue;
                    Seen& one = seen[id];
                    ++one.voxels;
                    one.patches.insert(std::size_t(patch - patches.begin()));
                    one.atFace = one.atFace || goesOn(*patch, v, shape);
                }
    }
    std::map<std::int32_t, std::set<std::size_t>> cut;
    for (auto& [id, one] : seen)
        if (const auto whole = voxels.find(id); whole != voxels.end() && one.atFace && one.voxels == whole->second)
            cut[id] = std::move(one.patches);
    return cut;
}

}  // namespace fovea
