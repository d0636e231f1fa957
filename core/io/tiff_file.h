#pragma once
#include <tiffio.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace fovea::io {

// An open libtiff handle whose complaints are collected instead of printed. Not thread-safe.
class TiffFile {
  public:
    enum class Mode { Read, Write, WriteBig };
    // Throws Error(Missing | Format | Input).
    TiffFile(const std::filesystem::path& path, Mode mode);
    ~TiffFile();
    TiffFile(const TiffFile&) = delete;
    TiffFile& operator=(const TiffFile&) = delete;

    TIFF* get() const { return tiff_; }
    const std::filesystem::path& path() const { return path_; }
    // What libtiff said since the last call; empty when nothing.
    std::string takeMessages();
    // Error(Format) with `what`, libtiff's words and the remedy.
    [[noreturn]] void fail(const std::string& what);
    // Closes a written file; throws when its last bytes could not be written.
    void close();

  private:
    static int collect(TIFF*, void* self, const char* module, const char* format, va_list args);
    static int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }
    TIFF* tiff_ = nullptr;
    std::filesystem::path path_;
    std::string messages_;
};

// What one directory of a TIFF says about its picture. Only pictures that can be decoded get this far.
struct TiffPage {
    std::int64_t width = 0, height = 0;
    int bits = 8, samples = 1;
    int sampleFormat = SAMPLEFORMAT_UINT;
    int compression = COMPRESSION_NONE, photometric = 0;
    bool separate = false, tiled = false, swapped = false;  // swapped: libtiff turns the byte order
    std::int64_t blockHeight = 0, blockWidth = 0;           // tile, or rows of a strip × width
    std::uint64_t offset = 0;                               // of the directory
    std::uint32_t subfile = 0;

    bool samePicture(const TiffPage& other) const {
        return width == other.width && height == other.height && bits == other.bits && samples == other.samples &&
               sampleFormat == other.sampleFormat;
    }
    // Bytes of the picture as packed in the file, before compression.
    double packedBytes() const { return double(height) * double((width * samples * bits + 7) / 8); }
};

// Reads the current directory and checks it against `fileBytes`. Throws Error(Format | Unsupported).
TiffPage readPage(TiffFile& file, std::uint64_t fileBytes);

// A text or number tag of the current directory; empty / 0 when absent.
std::string textTag(TiffFile& file, std::uint32_t tag);
double floatTag(TiffFile& file, std::uint32_t tag);

}  // namespace fovea::io
