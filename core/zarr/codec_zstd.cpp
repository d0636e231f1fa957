#include <zstd.h>

#include <memory>

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
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 3);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // every reader notices damage
    const std::size_t size = ZSTD_compress2(context.get(), result.data(), result.size(), in.data(), in.size());
    if (ZSTD_isError(size)) throw Error(ErrorKind::Internal, "zstd could not compress a chunk");
    result.resize(size);
    return result;
}

}  // namespace

Codec zstdCodec() {
    return {"zstd", {"zstd"}, [] { return nlohmann::json{{"id", "zstd"}, {"level", 3}}; }, decodeZstd, encodeZstd};
}

}  // namespace fovea::zarr
