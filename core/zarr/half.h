#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::zarr {

// IEEE 754 binary16 to binary32, exact.
float halfToFloat(std::uint16_t half);
// The nearest binary16, ties to even; beyond its range infinity.
std::uint16_t floatToHalf(float value);
// Native-endian halves to floats, and back.
std::vector<std::byte> halfToFloat(const std::vector<std::byte>& halves);
std::vector<std::byte> floatToHalf(const std::vector<std::byte>& floats);

}  // namespace fovea::zarr
