#pragma once
#include <cstdint>
#include <string>

#include "base/job.h"
#include "data/volume.h"

namespace fovea {

struct SyntheticSample {
    Volume<std::uint8_t> image;  // geometry set
    Volume<std::int32_t> truth;  // instance ids 1…n, dense
};

// An invented volume with exact instance truth. kind "em": cells with dark membranes, mitochondria (dark, with inner
// folds, some hardly darker than the cytoplasm, touching at times), dark bodies and vesicles, section-wise brightness
// changes, anisotropic voxels (50 × 5 × 5 nm); truth = mitochondria. kind "nuclei": bright textured ellipsoids, some
// touching, on a dark noisy background with blur along z (0.3 × 0.13 × 0.13 µm); truth = nuclei. Same arguments, same
// bytes. Throws Error(Input) for another kind or a shape without voxels.
SyntheticSample makeSample(const std::string& kind, Index shape, std::uint64_t seed, Job& job);
SyntheticSample makeSample(const std::string& kind, Index shape, std::uint64_t seed);

}  // namespace fovea
