#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "data/volume.h"

namespace fovea::zarr {

// How one value lies in a chunk file.
enum class Stored { Native, Half };  // Half: IEEE float16, float32 to callers

// The .zarray of one Zarr v2 array, checked: sizes are positive and their products fit, a chunk has at most 1 GiB.
struct ArrayMeta {
    std::vector<std::int64_t> shape, chunks;
    DType dtype = DType::U8;  // as given to callers
    Stored stored = Stored::Native;
    std::size_t storedSize = 1;  // bytes of a value in the file
    bool bigEndian = false;
    bool fortran = false;
    char separator = '.';
    nlohmann::json compressor;    // null: none
    std::vector<std::byte> fill;  // one value of `dtype`

    std::size_t dims() const { return shape.size(); }
    std::int64_t chunkValues() const;                                  // product of `chunks`
    std::vector<std::int64_t> grid() const;                            // chunks per axis
    std::vector<std::int64_t> strides() const;                         // of a chunk in memory, in values
    std::string chunkName(const std::vector<std::int64_t>& at) const;  // "0/1/2"
};

// `where` names the array in errors. Throws Error(Format | Unsupported).
ArrayMeta parseArrayMeta(const nlohmann::json& json, const std::filesystem::path& where);
nlohmann::json toJson(const ArrayMeta& meta);

}  // namespace fovea::zarr
