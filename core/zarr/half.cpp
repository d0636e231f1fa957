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

std::uint16_t floatToHalf(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), sign = bits >> 16 & 0x8000u,
                        rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u) return std::uint16_t(sign | 0x7e00u);   // not a number
    if (rest >= 0x477ff000u) return std::uint16_t(sign | 0x7c00u);  // rounds beyond the largest
    // Below the smallest normal one the sum below shifts the mantissa in place, rounded by the addition itself.
    if (rest < 0x38800000u)
        return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest) + 0.5f) - 0x3f000000u));
    return std::uint16_t(sign | ((rest - 0x38000000u + 0xfffu + (rest >> 13 & 1)) >> 13));
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

std::vector<std::byte> floatToHalf(const std::vector<std::byte>& floats) {
    std::vector<std::byte> result(floats.size() / 2);
    for (std::size_t i = 0; i + 1 < result.size(); i += 2) {
        float value;
        std::memcpy(&value, floats.data() + 2 * i, 4);
        const std::uint16_t half = floatToHalf(value);
        std::memcpy(result.data() + i, &half, 2);
    }
    return result;
}

}  // namespace fovea::zarr
