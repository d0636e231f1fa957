#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "tensorfile/byte_file.h"
#include "tensorfile/refused.h"

namespace fovea::tensorfile {

struct ZipRecord {
    std::uint64_t begin = 0, size = 0;  // of its bytes in the file
    std::uint32_t crc = 0;
    bool stored = true;        // else compressed,
    bool deflated = false;     // by this method,
    std::uint64_t packed = 0;  // to as many bytes
};

// The directory of a zip archive (PKWARE's APPNOTE; ZIP64 too), for records that are stored, as torch.save writes them,
// or deflated, as numpy.savez_compressed does.
// Names that leave their folder, names twice and records beyond the file are refused.
class ZipReader {
  public:
    // Throws RefusedFile. `file` must outlive it.
    explicit ZipReader(const ByteFile& file);

    const std::map<std::string, ZipRecord>& records() const { return records_; }
    // A whole record, checksum compared. Throws RefusedFile when it is compressed, damaged or larger than `limit`.
    std::string read(const std::string& name, std::uint64_t limit) const;
    // The same, unpacked where it is deflated.
    std::string readUnpacked(const std::string& name, std::uint64_t limit) const;
    // Reads a stored record once to compare its checksum, for one that is then read in parts. Throws as read().
    void verify(const std::string& name) const;

  private:
    struct Directory {
        std::uint64_t at = 0, size = 0, entries = 0;
    };
    Directory findDirectory() const;
    ZipRecord locate(const std::string& name, std::uint64_t at, std::uint64_t end) const;
    const ZipRecord& find(const std::string& name) const;
    [[noreturn]] void refuse(Refusal reason, const std::string& why) const;

    const ByteFile& file_;
    std::map<std::string, ZipRecord> records_;
};

}  // namespace fovea::tensorfile
