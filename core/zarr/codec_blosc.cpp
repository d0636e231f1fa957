#include <blosc.h>

#include "zarr/codec.h"

namespace fovea::zarr {

namespace {

void decodeBlosc(std::span<const std::byte> in, std::span<std::byte> out) {
    std::size_t decoded = 0, compressed = 0, block = 0;
    if (in.size() < BLOSC_MIN_HEADER_LENGTH) failDecode("blosc", "its header is missing");
    blosc_cbuffer_sizes(in.data(), &decoded, &compressed, &block);
    if (compressed != in.size())
        failDecode("blosc", std::to_string(in.size()) + " bytes where its header says " + std::to_string(compressed));
    if (decoded != out.size())
        failDecode("blosc", "its header says " + std::to_string(decoded) + " bytes, the array's chunk has " +
                                std::to_string(out.size()));
    if (blosc_cbuffer_validate(in.data(), in.size(), &decoded) != 0) failDecode("blosc", "its header is not valid");
    if (blosc_decompress_ctx(in.data(), out.data(), out.size(), 1) != int(out.size()))
        failDecode("blosc", "it cannot be decoded");
}

std::string encodeBlosc(std::span<const std::byte> in, std::size_t itemSize) {
    std::string result(in.size() + BLOSC_MAX_OVERHEAD, '\0');
    const int size = blosc_compress_ctx(5, BLOSC_SHUFFLE, itemSize, in.size(), in.data(), result.data(), result.size(),
                                        "zstd", 0, 1);
    if (size <= 0) throw Error(ErrorKind::Internal, "blosc could not compress a chunk");
    result.resize(std::size_t(size));
    return result;
}

nlohmann::json configuration() {
    return {{"id", "blosc"}, {"cname", "zstd"}, {"clevel", 5}, {"shuffle", 1}, {"blocksize", 0}};
}

}  // namespace

Codec bloscCodec() { return {"blosc", {"blosc"}, configuration, decodeBlosc, encodeBlosc}; }

}  // namespace fovea::zarr
