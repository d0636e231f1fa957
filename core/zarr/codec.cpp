#include "zarr/codec.h"

#include <algorithm>
#include <cstring>

namespace fovea::zarr {

namespace {

void decodeRaw(std::span<const std::byte> in, std::span<std::byte> out) {
    if (in.size() != out.size())
        failDecode("raw", std::to_string(in.size()) + " bytes where " + std::to_string(out.size()) + " are expected");
    std::memcpy(out.data(), in.data(), in.size());
}

std::string encodeRaw(std::span<const std::byte> in, std::size_t) {
    return {reinterpret_cast<const char*>(in.data()), in.size()};
}

std::string compressorName(const nlohmann::json& compressor) {
    if (compressor.is_object() && compressor.contains("id") && compressor["id"].is_string())
        return compressor["id"].get<std::string>();
    return compressor.dump();
}

}  // namespace

void failDecode(const char* codec, const std::string& why) {
    throw Error(
        ErrorKind::Format,
        {FOVEA_TR(
             "The compressed data ({codec}) are damaged or incomplete: {why}. Copy the file again from its source."),
         {{"codec", codec}, {"why", why}}});
}

Codec rawCodec() {
    return {"raw", {}, [] { return nlohmann::json(); }, decodeRaw, encodeRaw};
}

const Codec& codecForCompressor(const nlohmann::json& compressor) {
    const std::string id = compressor.is_null() ? "" : compressorName(compressor);
    for (const Codec& codec : codecs()) {
        if (id.empty() ? codec.ids.empty() : std::ranges::find(codec.ids, id) != codec.ids.end()) return codec;
    }
    std::string known;
    for (const Codec& codec : codecs()) known += (known.empty() ? "" : ", ") + std::string(codec.layoutName);
    throw Error(ErrorKind::Unsupported,
                {FOVEA_TR("The compression “{codec}” is not read by this build. Save the array with one of: {known}."),
                 {{"codec", id}, {"known", known}}});
}

}  // namespace fovea::zarr
