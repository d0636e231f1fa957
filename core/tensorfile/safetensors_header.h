#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tensorfile/safetensors.h"

namespace fovea::tensorfile {

constexpr std::uint64_t mostHeaderBytes = 100'000'000;  // as in the reference implementation

struct SafetensorsHeader {
    std::map<std::string, TensorInfo> tensors;
    Metadata metadata;
};

// Parses and checks the JSON of a header against a buffer of `bufferBytes`. `where` names the file in messages.
SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t bufferBytes, const std::string& where);

}  // namespace fovea::tensorfile
