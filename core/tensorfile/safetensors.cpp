#include "tensorfile/safetensors.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tensorfile/safetensors_header.h"

namespace fovea::tensorfile {

namespace {

Error notSafetensors(const std::filesystem::path& path, const char* why) {
    return Error(ErrorKind::Format,
                 {FOVEA_TR("{path} is not a safetensors file: {why}."), {{"path", path.string()}, {"why", why}}});
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
    if (file_.size() < 8) throw notSafetensors(path, "it has fewer than 8 bytes");
    std::uint64_t length = 0;
    file_.read(0, &length, 8);
    if (length > mostHeaderBytes) throw notSafetensors(path, "its header would be larger than 100 MB");
    if (length > file_.size() - 8) throw notSafetensors(path, "it ends within its header");
    bufferBegin_ = 8 + length;
    SafetensorsHeader header =
        parseSafetensorsHeader(file_.read(8, length), file_.size() - bufferBegin_, path.string());
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
}

Tensor SafetensorsFile::read(const std::string& key) const {
    const auto found = tensors_.find(key);
    if (found == tensors_.end())
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} holds no tensor {name}."), {{"path", file_.path().string()}, {"name", key}}});
    const TensorInfo& info = found->second;
    Tensor tensor{info.type, info.shape, std::vector<std::byte>(std::size_t(info.end - info.begin))};
    file_.read(bufferBegin_ + info.begin, tensor.bytes.data(), info.end - info.begin);
    return tensor;
}

TensorMap SafetensorsFile::readAll() const {
    TensorMap all;
    for (const auto& [key, info] : tensors_) all.emplace(key, read(key));
    return all;
}

std::string safetensorsBytes(const TensorMap& tensors, const Metadata& metadata) {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    // Wide elements first, so that every tensor starts at a multiple of its element size.
    std::vector<const TensorMap::value_type*> order;
    for (const std::size_t size : {8, 4, 2, 1})
        for (const auto& entry : tensors)
            if (sizeOf(entry.second.type) == size) order.push_back(&entry);
    std::uint64_t at = 0;
    for (const auto* entry : order) {
        const auto& [key, tensor] = *entry;
        tensor.verify();
        if (key == "__metadata__") throw Error(ErrorKind::Internal, "a tensor cannot be called __metadata__");
        header[key] = {
            {"dtype", name(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, at + tensor.bytes.size()}}};
        at += tensor.bytes.size();
    }
    std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size();
    std::string bytes(reinterpret_cast<const char*>(&length), 8);
    bytes.reserve(8 + text.size() + std::size_t(at));
    bytes += text;
    for (const auto* entry : order)
        bytes.append(reinterpret_cast<const char*>(entry->second.bytes.data()), entry->second.bytes.size());
    return bytes;
}

void writeSafetensors(const std::filesystem::path& path, const TensorMap& tensors, const Metadata& metadata) {
    file::write(path, safetensorsBytes(tensors, metadata));
}

}  // namespace fovea::tensorfile
