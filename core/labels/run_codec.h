#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "labels/label_layer.h"

namespace fovea::labels {

// Little-endian base-128 numbers and counted strings: the byte language of the journal.
class ByteWriter {
  public:
    void number(std::uint64_t value);
    void signedNumber(std::int64_t value);  // zig-zag
    void text(std::string_view text);
    void runs(const std::vector<VoxelRun>& runs);
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

// Throws Error(Format) when the bytes end early or say something impossible.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
    std::uint64_t number();
    std::int64_t signedNumber();
    std::string_view text();
    // Every run lies inside `shape`, labels are not negative.
    std::vector<VoxelRun> runs(Index shape);
    bool atEnd() const { return bytes_.empty(); }

  private:
    std::string_view bytes_;
};

// CRC-32 (IEEE 802.3, reflected, as in zip and PNG).
std::uint32_t crc32(std::string_view bytes);

}  // namespace fovea::labels
