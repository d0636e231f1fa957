#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tensorfile/tensor.h"

// NumPy's .npy, versions 1 to 3: bool, integer and float arrays in C order. Big-endian files are swapped on reading.
namespace fovea::tensorfile {

// Throws Error(Missing) or Error(Format) naming the file; Error(Unsupported) for Fortran order, objects, records, text.
Tensor readNpy(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t(8) << 30);
// The same from bytes; `where` names them in messages.
Tensor parseNpy(std::string_view bytes, const std::string& where);

// Version 1, data aligned to 64 bytes. Throws Error(Unsupported) for types NumPy does not know (BF16, F8).
std::string npyBytes(const Tensor& tensor);
void writeNpy(const std::filesystem::path& path, const Tensor& tensor);

}  // namespace fovea::tensorfile
