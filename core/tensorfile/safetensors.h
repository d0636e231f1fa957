#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensorfile/byte_file.h"
#include "tensorfile/tensor.h"

// Hugging Face's safetensors: 8 bytes header length, JSON header, one buffer. Read as its reference implementation
// reads it: the header at most 100 MB, tensors cover the buffer without holes and overlaps, no name twice.
namespace fovea::tensorfile {

struct TensorInfo {
    ElementType type = ElementType::U8;
    Shape shape;
    std::uint64_t begin = 0, end = 0;  // bytes within the buffer
};

using Metadata = std::map<std::string, std::string>;

// A file whose header was read and checked; tensors are read one by one. read() is thread-safe.
class SafetensorsFile {
  public:
    // Throws Error(Missing), Error(Format) naming file and tensor, Error(Unsupported) for an unknown element type.
    explicit SafetensorsFile(const std::filesystem::path& path);

    const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
    const Metadata& metadata() const { return metadata_; }
    bool has(const std::string& name) const { return tensors_.count(name) > 0; }
    // Throws Error(Missing) naming the file when there is no such tensor.
    Tensor read(const std::string& name) const;
    TensorMap readAll() const;

  private:
    ByteFile file_;
    std::uint64_t bufferBegin_ = 0;
    std::map<std::string, TensorInfo> tensors_;
    Metadata metadata_;
};

// The bytes of a whole file. Wide elements first, then by name; the header is padded, so that every tensor is aligned.
std::string safetensorsBytes(const TensorMap& tensors, const Metadata& metadata = {});
void writeSafetensors(const std::filesystem::path& path, const TensorMap& tensors, const Metadata& metadata = {});

}  // namespace fovea::tensorfile
