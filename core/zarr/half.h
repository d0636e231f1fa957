#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::zarr {

// IEEE 754 binary16 to binary32, exact.
float halfToFloat(std::uint16_t half);
// Native-endian halves to floats.
std::vector<std::byte> halfToFloat(const std::vector<std::byte>& halves);

}  // namespace fovea::zarr
