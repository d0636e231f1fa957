#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace fovea::tensorfile {

// A plain file that is read by position. Thread-safe.
class ByteFile {
  public:
    // Throws Error(Missing) when it cannot be opened, Error(Format) when it is a folder, pipe or device.
    explicit ByteFile(const std::filesystem::path& path);
    ~ByteFile();
    ByteFile(const ByteFile&) = delete;
    ByteFile& operator=(const ByteFile&) = delete;

    std::uint64_t size() const { return size_; }
    const std::filesystem::path& path() const { return path_; }
    // Throws Error(Format) when the file ends before.
    void read(std::uint64_t at, void* to, std::uint64_t size) const;
    std::string read(std::uint64_t at, std::uint64_t size) const;

  private:
    std::filesystem::path path_;
    int fd_ = -1;
    std::uint64_t size_ = 0;
};

}  // namespace fovea::tensorfile
