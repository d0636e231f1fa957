#include "tensorfile/crc32.h"

#include <array>
#include <cstring>

namespace fovea::tensorfile {

namespace {

// tables[k][b]: what byte b contributes when k zero bytes follow, so that eight bytes are taken at a time.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables makeTables() {
    Tables tables{};
    for (std::uint32_t b = 0; b < 256; ++b) {
        std::uint32_t c = b;
        for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ (c & 1 ? 0xEDB88320u : 0);
        tables[0][b] = c;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t b = 0; b < 256; ++b) tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
    return tables;
}

constexpr Tables tables = makeTables();

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before) {
    std::uint32_t c = ~before;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        word ^= c;
        c = 0;
        for (std::size_t k = 0; k < 8; ++k) c ^= tables[7 - k][word >> (8 * k) & 255];
    }
    for (; left > 0; --left, ++at) c = c >> 8 ^ tables[0][(c ^ std::uint32_t(*at)) & 255];
    return ~c;
}

}  // namespace fovea::tensorfile
