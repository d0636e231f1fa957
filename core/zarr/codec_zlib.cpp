#include <zlib.h>

#include <algorithm>
#include <limits>

#include "zarr/codec.h"

namespace fovea::zarr {

namespace {

constexpr std::size_t kStep = std::size_t(1) << 30;  // zlib counts in 32 bits

// Both wrappers: zlib and gzip (window bits + 32 = detect).
void decodeZlib(std::span<const std::byte> in, std::span<std::byte> out) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 32) != Z_OK) failDecode("zlib", "the decoder could not start");
    std::size_t read = 0, written = 0;
    int state = Z_OK;
    while (state == Z_OK && (stream.avail_in > 0 || read < in.size())) {
        if (stream.avail_in == 0) {
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data() + read));
            stream.avail_in = uInt(std::min(kStep, in.size() - read));
            read += stream.avail_in;
        }
        const uInt room = uInt(std::min(kStep, out.size() - written));
        if (room == 0) break;
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
        stream.avail_out = room;
        state = inflate(&stream, Z_NO_FLUSH);
        written += room - stream.avail_out;
    }
    std::byte extra;
    if (state == Z_OK) {  // output is full: the stream must end here
        stream.next_out = reinterpret_cast<Bytef*>(&extra);
        stream.avail_out = 1;
        state = inflate(&stream, Z_FINISH);
        if (stream.avail_out == 0) written = std::numeric_limits<std::size_t>::max();
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END || written != out.size())
        failDecode("zlib", written == std::numeric_limits<std::size_t>::max()
                               ? "more than " + std::to_string(out.size()) + " bytes come out"
                               : std::to_string(written) + " of " + std::to_string(out.size()) + " bytes come out");
}

std::string encodeZlib(std::span<const std::byte> in, std::size_t) {
    uLongf size = compressBound(uLong(in.size()));
    std::string result(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(result.data()), &size, reinterpret_cast<const Bytef*>(in.data()),
                  uLong(in.size()), 5) != Z_OK)
        throw Error(ErrorKind::Internal, "zlib could not compress a chunk");
    result.resize(size);
    return result;
}

}  // namespace

Codec zlibCodec() {
    return {
        "zlib", {"zlib", "gzip"}, [] { return nlohmann::json{{"id", "zlib"}, {"level", 5}}; }, decodeZlib, encodeZlib};
}

}  // namespace fovea::zarr
