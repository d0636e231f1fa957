#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fovea::tensorfile {

struct ZipContent {
    std::string name;
    std::vector<std::span<const std::byte>> parts;  // of its bytes, in this order
};

// A zip archive of stored records, in this order, whose bytes begin at multiples of 64 as torch wants them; ZIP64 where
// a size needs it. Atomic. Throws Error(Input) when it cannot be written.
void writeZip(const std::filesystem::path& path, const std::vector<ZipContent>& contents);

}  // namespace fovea::tensorfile
