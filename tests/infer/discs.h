#pragma once
#include "base/rng.h"
#include "data/volume.h"

namespace fovea::test {

// Bright discs on a dark, noisy ground, the same ones in every section.
inline Volume<float> discs(Index shape, std::uint64_t seed = 1) {
    Volume<float> image(shape);
    Rng rng(seed);
    forEachVoxel(image.box(), [&](Index v) {
        const double dy = double(v.y % 24) - 12, dx = double(v.x % 24) - 12;
        image[v] = float((dy * dy + dx * dx < 60 ? 200 : 40) + 10 * rng.uniform());
    });
    return image;
}

}  // namespace fovea::test
