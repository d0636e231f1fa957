#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace fovea::tensorfile {

// The checksum of zip records (polynomial 0xEDB88320, as zlib has it). `before` continues an earlier part.
std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace fovea::tensorfile
