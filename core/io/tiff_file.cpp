#include "io/tiff_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace fovea::io {

namespace {

constexpr tmsize_t kMostAllocation = tmsize_t(512) << 20;

// How many times a picture may be larger than its file: what each method can do at best, generously.
double largestRatio(int compression) {
    switch (compression) {
        case COMPRESSION_NONE:
            return 1;
        case COMPRESSION_PACKBITS:
            return 65;
        case COMPRESSION_DEFLATE:
        case COMPRESSION_ADOBE_DEFLATE:
            return 1040;
        case COMPRESSION_LZW:
        case COMPRESSION_JPEG:
            return 3000;
        default:
            return 100'000;
    }
}

template <class T>
T tag(TiffFile& file, std::uint32_t id, T otherwise) {
    T value = otherwise;
    return TIFFGetFieldDefaulted(file.get(), id, &value) ? value : otherwise;
}

[[noreturn]] void unsupported(const TiffFile& file, const std::string& what) {
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR(
             "{path} cannot be read: {what}. Save it again as plain 8, 16 or 32 bit TIFF, for example with ImageJ."),
         {{"path", file.path().string()}, {"what", what}}});
}

void checkKind(TiffFile& file, const TiffPage& page) {
    if (tag<std::uint32_t>(file, TIFFTAG_IMAGEDEPTH, 1) > 1)
        unsupported(file, "one page holds a whole volume (SGI depth)");
    if (page.compression == COMPRESSION_OJPEG) unsupported(file, "it uses the JPEG of TIFF 6.0, which was withdrawn");
    if (!TIFFIsCODECConfigured(std::uint16_t(page.compression)))
        unsupported(file, "its compression (number " + std::to_string(page.compression) + ") is not known here");
    if (page.photometric == PHOTOMETRIC_LOGL || page.photometric == PHOTOMETRIC_LOGLUV)
        unsupported(file, "its colours are LogLuv");
    if (page.photometric == PHOTOMETRIC_YCBCR && page.compression != COMPRESSION_JPEG)
        unsupported(file, "its colours are YCbCr without JPEG");
    const bool whole = page.bits == 8 || page.bits == 16 || page.bits == 32 || page.bits == 64;
    const bool good = page.sampleFormat == SAMPLEFORMAT_UINT ? whole || (page.bits >= 1 && page.bits < 32)
                      : page.sampleFormat == SAMPLEFORMAT_INT
                          ? whole
                          : page.sampleFormat == SAMPLEFORMAT_IEEEFP && whole && page.bits >= 16;
    if (!good)
        unsupported(file, "its values have " + std::to_string(page.bits) + " bits of format " +
                              std::to_string(page.sampleFormat));
}

void checkSize(TiffFile& file, const TiffPage& page, std::uint64_t fileBytes) {
    constexpr std::int64_t kMostSide = 1 << 24;
    if (page.width < 1 || page.height < 1) file.fail("the picture has no pixels");
    if (page.width > kMostSide || page.height > kMostSide || page.samples < 1 || page.samples > 4096)
        file.fail("the picture claims " + std::to_string(page.width) + " × " + std::to_string(page.height) +
                  " pixels of " + std::to_string(page.samples) + " samples");
    if (page.blockWidth < 1 || page.blockHeight < 1 || page.blockWidth > kMostSide) file.fail("its tiles have no size");
    if (page.tiled && page.blockHeight > kMostSide) file.fail("its tiles are too large");
    const double packed = page.packedBytes();
    if (packed >
        double(fileBytes) * largestRatio(page.compression) + (page.compression == COMPRESSION_NONE ? 0 : 1 << 20))
        file.fail("the picture claims " + bytesText(packed) + ", the file has " + bytesText(double(fileBytes)) +
                  (page.compression == COMPRESSION_NONE ? ": it is incomplete" : ""));
    const double block = double(page.blockWidth) *
                         double(std::min(page.blockHeight, page.tiled ? page.blockHeight : page.height)) *
                         page.samples * ((page.bits + 7) / 8);
    if (block > double(std::uint64_t(1) << 31)) unsupported(file, "one strip or tile of it has " + bytesText(block));
    if (page.tiled && block > 4 * packed + (1 << 24)) file.fail("one tile claims " + bytesText(block));
}

}  // namespace

int TiffFile::collect(TIFF*, void* self, const char* module, const char* format, va_list args) {
    char line[512];
    std::vsnprintf(line, sizeof line, format, args);
    std::string& all = static_cast<TiffFile*>(self)->messages_;
    if (all.size() < 1000) all += (all.empty() ? "" : "; ") + std::string(line);
    return 1;
}

TiffFile::TiffFile(const std::filesystem::path& path, Mode mode) : path_(path) {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, collect, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, nullptr);
    if (mode == Mode::Read) TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMostAllocation);
    errno = 0;
    // "m": no memory map, a file cut while it is read must not kill the program.
    tiff_ = TIFFOpenExt(path.c_str(), mode == Mode::Read ? "rm" : mode == Mode::Write ? "w" : "w8", options);
    const int reason = errno;
    TIFFOpenOptionsFree(options);
    if (tiff_) return;
    if (mode == Mode::Read && !std::filesystem::exists(path))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no file {path}. Check the name."), {{"path", path.string()}}});
    if (mode == Mode::Read) fail("it is not a TIFF, or its beginning is damaged");
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{path} cannot be written: {why}. Choose another folder."),
                 {{"path", path.string()}, {"why", reason ? std::strerror(reason) : takeMessages()}}});
}

TiffFile::~TiffFile() {
    if (tiff_) TIFFClose(tiff_);
}

void TiffFile::close() {
    messages_.clear();
    if (!TIFFFlush(tiff_)) {
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} could not be written to the end: {why}. Make room on the disk and try again."),
                     {{"path", path_.string()}, {"why", takeMessages()}}});
    }
    TIFFClose(tiff_);
    tiff_ = nullptr;
}

std::string TiffFile::takeMessages() { return std::exchange(messages_, {}); }

void TiffFile::fail(const std::string& what) {
    const std::string said = takeMessages();
    throw Error(ErrorKind::Format,
                {FOVEA_TR("{path} cannot be read: {what}{said}. Copy it again from its source."),
                 {{"path", path_.string()}, {"what", what}, {"said", said.empty() ? "" : " (" + said + ")"}}});
}

std::string textTag(TiffFile& file, std::uint32_t id) {
    const char* text = nullptr;
    return TIFFGetField(file.get(), id, &text) && text ? std::string(text) : std::string();
}

double floatTag(TiffFile& file, std::uint32_t id) {
    float value = 0;
    return TIFFGetField(file.get(), id, &value) ? double(value) : 0;
}

TiffPage readPage(TiffFile& file, std::uint64_t fileBytes) {
    TiffPage page;
    page.width = tag<std::uint32_t>(file, TIFFTAG_IMAGEWIDTH, 0);
    page.height = tag<std::uint32_t>(file, TIFFTAG_IMAGELENGTH, 0);
    page.bits = tag<std::uint16_t>(file, TIFFTAG_BITSPERSAMPLE, 1);
    page.samples = tag<std::uint16_t>(file, TIFFTAG_SAMPLESPERPIXEL, 1);
    page.sampleFormat = tag<std::uint16_t>(file, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    if (page.sampleFormat == SAMPLEFORMAT_VOID) page.sampleFormat = SAMPLEFORMAT_UINT;
    page.compression = tag<std::uint16_t>(file, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    page.photometric = tag<std::uint16_t>(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    page.separate = tag<std::uint16_t>(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE &&
                    page.samples > 1;
    page.subfile = tag<std::uint32_t>(file, TIFFTAG_SUBFILETYPE, 0);
    page.tiled = TIFFIsTiled(file.get());
    page.swapped = TIFFIsByteSwapped(file.get());
    page.offset = TIFFCurrentDirOffset(file.get());
    if (page.tiled) {
        page.blockWidth = tag<std::uint32_t>(file, TIFFTAG_TILEWIDTH, 0);
        page.blockHeight = tag<std::uint32_t>(file, TIFFTAG_TILELENGTH, 0);
    } else {
        page.blockWidth = page.width;
        page.blockHeight =
            std::min<std::int64_t>(tag<std::uint32_t>(file, TIFFTAG_ROWSPERSTRIP, std::uint32_t(-1)), page.height);
    }
    checkSize(file, page, fileBytes);
    checkKind(file, page);
    return page;
}

}  // namespace fovea::io
