#include <zstd.h>

#include "zarr/codec.h"

namespace fovea::zarr {

namespace {

void decodeZstd(std::span<const std::byte> in, std::span<std::byte> out) {
    const std::size_t size = ZSTD_decompress(out.data(), out.size(), in.data(), in.size());
    if (ZSTD_isError(size)) failDecode("zstd", ZSTD_getErrorName(size));
    if (size != out.size())
        failDecode("zstd", std::to_string(size) + " of " + std::to_string(out.size()) + " bytes come out");
}

std::string encodeZstd(std::span<const std::byte> in, std::size_t) {
    std::string result(ZSTD_compressBound(in.size()), '\0');
    const std::size_t size = ZSTD_compress(result.data(), result.size(), in.data(), in.size(), 3);
    if (ZSTD_isError(size)) throw Error(ErrorKind::Internal, "zstd could not compress a chunk");
    result.resize(size);
    return result;
}

}  // namespace

Codec zstdCodec() {
    return {"zstd", {"zstd"}, [] { return nlohmann::json{{"id", "zstd"}, {"level", 3}}; }, decodeZstd, encodeZstd};
}

}  // namespace fovea::zarr
