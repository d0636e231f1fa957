#include "zarr/half.h"

#include <bit>
#include <cstring>

namespace fovea::zarr {

float halfToFloat(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16, mantissa = half & 0x3ffu;
    const std::uint32_t exponent = (half >> 10) & 0x1fu;
    if (exponent == 0) return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(float(mantissa) * 0x1p-24f));
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
    return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

std::vector<std::byte> halfToFloat(const std::vector<std::byte>& halves) {
    std::vector<std::byte> result(halves.size() * 2);
    for (std::size_t i = 0; i + 1 < halves.size(); i += 2) {
        std::uint16_t half;
        std::memcpy(&half, halves.data() + i, 2);
        const float value = halfToFloat(half);
        std::memcpy(result.data() + 2 * i, &value, 4);
    }
    return result;
}

}  // namespace fovea::zarr
