#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "data/box.h"

// Building blocks of the invented samples. Every value is a function of seed and place alone.
namespace fovea::synthetic {

// What a job says while a sample is made.
constexpr const char* inventing = FOVEA_TR("Inventing a volume");

inline double smoothStep(double t) { return t * t * (3 - 2 * t); }
inline double clamp01(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }
// 1 at 0, falling to 0 at about three times `width`.
inline double bell(double distance, double width) { return std::exp(-0.5 * distance * distance / (width * width)); }

// A number in [0, 1) for a place of an integer lattice.
inline double hash01(std::uint64_t seed, std::int64_t a, std::int64_t b = 0, std::int64_t c = 0) {
    std::uint64_t h = seed * 0x9E3779B97F4A7C15ull ^ std::uint64_t(a) * 0xD1B54A32D192ED03ull;
    h = (h ^ h >> 29) * 0xBF58476D1CE4E5B9ull ^ std::uint64_t(b) * 0xABC98388FB8FAC03ull;
    h = (h ^ h >> 31) * 0x94D049BB133111EBull ^ std::uint64_t(c) * 0x8CB92BA72F3D8DD7ull;
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9ull;
    return double((h ^ h >> 31) >> 11) * 0x1p-53;
}

// Nearly normal, mean 0, standard deviation 1: four 16-bit uniforms added. Exact on every machine.
inline double roughNormal(Rng& rng) {
    const std::uint64_t bits = rng.bits();
    const std::int64_t sum = std::int64_t(bits & 0xFFFF) + std::int64_t(bits >> 16 & 0xFFFF) +
                             std::int64_t(bits >> 32 & 0xFFFF) + std::int64_t(bits >> 48);
    return double(sum - 2 * 65535) * (1.7320508075688772 / 65536.0);
}

// Smooth noise in [-1, 1]: random values on a lattice of `grid` voxels, blended in between.
class SmoothNoise {
  public:
    SmoothNoise(std::uint64_t seed, Vec3 grid) : seed_(seed), grid_(grid) {}

    double at(double z, double y, double x) const;
    // All values of section z, height × width.
    std::vector<float> section(double z, std::int64_t height, std::int64_t width) const;

  private:
    double node(std::int64_t z, std::int64_t y, std::int64_t x) const { return 2 * hash01(seed_, z, y, x) - 1; }

    std::uint64_t seed_;
    Vec3 grid_;
};

}  // namespace fovea::synthetic
