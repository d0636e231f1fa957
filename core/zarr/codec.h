#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fovea::zarr {

// One chunk compression of Zarr v2. Which ones exist is decided by the list of source files: codecs_all.cpp or
// codecs_raw.cpp.
struct Codec {
    std::string_view layoutName;        // name in Layout: "blosc"
    std::vector<std::string_view> ids;  // values of "compressor"."id" it reads; empty for raw
    nlohmann::json (*configuration)();  // what "compressor" says when writing
    // Decodes to exactly out.size() bytes; throws Error(Format) when the data say otherwise.
    void (*decode)(std::span<const std::byte> in, std::span<std::byte> out);
    std::string (*encode)(std::span<const std::byte> in, std::size_t itemSize);
};

// Every codec of this build.
const std::vector<Codec>& codecs();
// The one that writes Layout::codec. Throws Error(Input) for an unknown name. A build with "raw" alone writes raw.
const Codec& codecForLayout(const std::string& name);
// The one that reads this "compressor" value. Throws Error(Unsupported) with the way out.
const Codec& codecForCompressor(const nlohmann::json& compressor);

Codec rawCodec();
Codec zlibCodec();
Codec bloscCodec();
Codec zstdCodec();

// Error(Format) of a chunk whose content is not what its codec writes.
[[noreturn]] void failDecode(const char* codec, const std::string& why);

}  // namespace fovea::zarr
