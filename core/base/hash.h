#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace fovea {

// SHA-256 (FIPS 180-4), streaming.
class Sha256 {
  public:
    Sha256();
    Sha256& add(const void* bytes, std::size_t size);
    Sha256& add(std::string_view text) { return add(text.data(), text.size()); }
    // 64 lower-case hex digits. The object cannot be used afterwards.
    std::string hex();

  private:
    void block(const unsigned char* bytes);
    std::uint32_t state_[8];
    unsigned char buffer_[64];
    std::uint64_t size_ = 0;
};

// MD5 (RFC 1321), streaming: only to compare with what publishers of files give; it protects from accidents, not from
// attacks.
class Md5 {
  public:
    Md5();
    Md5& add(const void* bytes, std::size_t size);
    // 32 lower-case hex digits. The object cannot be used afterwards.
    std::string hex();

  private:
    void block(const unsigned char* bytes);
    std::uint32_t state_[4];
    unsigned char buffer_[64];
    std::uint64_t size_ = 0;
};

std::string sha256(std::string_view text);
// Of a whole file. Throws Error(Missing) when it cannot be read.
std::string sha256File(const std::filesystem::path& path);

}  // namespace fovea
