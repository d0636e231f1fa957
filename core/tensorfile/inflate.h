#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::tensorfile {

// The `size` bytes that a deflate stream holds (RFC 1951; no zlib or gzip header), as zip archives have it. Nothing
// when the stream is damaged, cut off or holds another number of bytes. Memory grows with what was decoded, not with
// `size`.
std::optional<std::string> inflated(std::string_view packed, std::uint64_t size);

}  // namespace fovea::tensorfile
