#include "zarr/pyramid.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fovea::zarr {

namespace {

constexpr std::int64_t kSmall = 256;

template <class T>
T mostFrequent(std::array<T, 8>& values, int n) {
    for (int i = 1; i < n; ++i)  // insertion sort: at most eight
        for (int k = i; k > 0 && values[std::size_t(k)] < values[std::size_t(k - 1)]; --k)
            std::swap(values[std::size_t(k)], values[std::size_t(k - 1)]);
    T best = values[0];
    int bestCount = 0;
    for (int i = 0; i < n;) {
        int j = i;
        while (j < n && values[std::size_t(j)] == values[std::size_t(i)]) ++j;
        if (j - i > bestCount) best = values[std::size_t(i)], bestCount = j - i;
        i = std::max(j, i + 1);  // a NaN equals nothing, itself included
    }
    return best;
}

template <class T>
T meanOf(const std::array<T, 8>& values, int n) {
    long double sum = 0;
    for (int i = 0; i < n; ++i) sum += static_cast<long double>(values[std::size_t(i)]);
    if constexpr (std::is_integral_v<T>)
        return T(std::floor(sum / n + 0.5L));
    else
        return T(sum / n);
}

}  // namespace

Index nextFactor(Index shape, Vec3 spacing) {
    Index factor{1, 1, 1};
    if (std::max({shape.z, shape.y, shape.x}) <= kSmall) return factor;
    double finest = 0;
    const auto candidate = [&](int a) { return shape[a] > kSmall / 4; };
    for (int a = 0; a < 3; ++a)
        if (candidate(a) && (finest == 0 || spacing[a] < finest)) finest = spacing[a];
    for (int a = 0; a < 3; ++a)
        if (candidate(a) && spacing[a] < 1.999 * finest) factor[a] = 2;
    return factor;
}

std::vector<LevelInfo> pyramidLevels(Index shape, Vec3 spacing) {
    std::vector<LevelInfo> result{{shape, spacing}};
    for (Index f = nextFactor(shape, spacing); f != Index{1, 1, 1}; f = nextFactor(shape, spacing)) {
        for (int a = 0; a < 3; ++a) {
            shape[a] = (shape[a] + f[a] - 1) / f[a];
            spacing[a] *= double(f[a]);
        }
        result.push_back({shape, spacing});
    }
    return result;
}

AnyVolume reduce(const AnyVolume& fine, Index factor, bool mode) {
    const Index n = fine.shape;
    AnyVolume result(fine.dtype, {(n.z + factor.z - 1) / factor.z, (n.y + factor.y - 1) / factor.y,
                                  (n.x + factor.x - 1) / factor.x});
    dispatch(fine.dtype, [&]<class T>(T) {
        const T* from = fine.as<T>();
        T* to = result.as<T>();
        std::array<T, 8> values;
        forEachTile(Box::of(n), factor, [&](const Box& block) {
            int count = 0;
            for (std::int64_t z = block.begin.z; z < block.end.z; ++z)
                for (std::int64_t y = block.begin.y; y < block.end.y; ++y)
                    for (std::int64_t x = block.begin.x; x < block.end.x; ++x)
                        values[std::size_t(count++)] = from[(z * n.y + y) * n.x + x];
            *to++ = mode ? mostFrequent(values, count) : meanOf(values, count);
        });
    });
    return result;
}

}  // namespace fovea::zarr
