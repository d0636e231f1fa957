#pragma once
#include <cstdint>

// The numbers that the reference outputs' recipes name by a key and an index (golden READMEs, hash/1).
namespace fovea::test {

inline std::uint64_t hashBits(std::uint64_t key, std::uint64_t i) {
    std::uint64_t z = (key << 32) + i + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// u(k, i), in [−1, 1).
inline double hashUniform(std::uint64_t key, std::uint64_t i) {
    return double(hashBits(key, i) >> 11) * 0x1p-53 * 2 - 1;
}

}  // namespace fovea::test
