#include "plan/nnunet/spatial_folds.h"

#include <algorithm>

namespace fovea::plan::nnunet {

namespace {

int axisOfMostPatches(Index shape, Index patch) {
    int best = 0;
    for (int axis = 1; axis < 3; ++axis)
        if (double(shape[axis]) / double(patch[axis]) > double(shape[best]) / double(patch[best])) best = axis;
    return best;
}

Box slab(Index shape, int axis, std::int64_t begin, std::int64_t end) {
    Box box = Box::of(shape);
    box.begin[axis] = begin, box.end[axis] = end;
    return box;
}

// Training boxes thinner than `least` are left out.
std::vector<SpatialFold> cut(Index shape, int axis, int count, std::int64_t margin, std::int64_t least) {
    const std::int64_t length = shape[axis];
    std::vector<SpatialFold> folds;
    std::int64_t begin = 0;
    for (int i = 0; i < count; ++i) {
        const std::int64_t end = begin + length / count + (i < length % count);
        SpatialFold fold{slab(shape, axis, begin, end), {}};
        if (begin - margin >= least) fold.train.push_back(slab(shape, axis, 0, begin - margin));
        if (length - (end + margin) >= least) fold.train.push_back(slab(shape, axis, end + margin, length));
        folds.push_back(std::move(fold));
        begin = end;
    }
    return folds;
}

}  // namespace

std::vector<SpatialFold> spatialFolds(Index shape, Index patch, int most) {
    for (int axis = 0; axis < 3; ++axis) patch[axis] = std::max<std::int64_t>(patch[axis], 1);
    const int axis = axisOfMostPatches(shape, patch);
    const std::int64_t margin = (patch[axis] + 1) / 2;
    for (int count = int(std::min<std::int64_t>(most, shape[axis])); count >= 2; --count) {
        std::vector<SpatialFold> folds = cut(shape, axis, count, margin, margin);
        if (std::none_of(folds.begin(), folds.end(), [](const SpatialFold& f) { return f.train.empty(); }))
            return folds;
    }
    return {};
}

}  // namespace fovea::plan::nnunet
