#include "base/rng.h"

#include <cmath>
#include <numbers>

namespace fovea {

namespace {

constexpr std::uint64_t golden = 0x9E3779B97F4A7C15ull;

std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::uint64_t stream) : key_(mix(mix(seed + golden) + stream * golden)) {}

std::uint64_t Rng::bits() { return mix(key_ + golden * ++counter_); }

double Rng::uniform() { return double(bits() >> 11) * 0x1p-53; }

double Rng::uniform(double from, double to) { return from + (to - from) * uniform(); }

std::int64_t Rng::below(std::int64_t n) {
    const std::uint64_t range = std::uint64_t(n);
    const std::uint64_t reject = -range % range;  // 2^64 mod n values too many for equal shares
    std::uint64_t value = bits();
    while (value < reject) value = bits();
    return std::int64_t(value % range);
}

double Rng::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace fovea
