#include <algorithm>
#include <cstdio>

#include "io/tiff_file.h"
#include "io/writers.h"

namespace fovea::io {

namespace {

std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.15g", value);
    return text;
}

std::string description(const ImageInfo& info) {
    const Index n = info.shape();
    std::string text = "ImageJ=1.53t\nimages=" + std::to_string(n.z * info.channels) + "\n";
    if (info.channels > 1) text += "channels=" + std::to_string(info.channels) + "\n";
    if (n.z > 1) text += "slices=" + std::to_string(n.z) + "\n";
    if (info.channels > 1) text += "hyperstack=true\nmode=grayscale\n";
    if (info.geometry.known) text += "unit=micron\nspacing=" + number(info.geometry.spacing.z) + "\n";
    return text + "loop=false\n";
}

class Pages {
  public:
    Pages(TiffFile& file, const ImageInfo& info, bool compress)
        : file_(file), info_(info), compress_(compress), text_(description(info)) {}

    void add(const AnyVolume& page, bool first) {
        TIFF* tiff = file_.get();
        const std::size_t size = sizeOf(info_.dtype), row = std::size_t(page.shape.x) * size;
        const std::int64_t rows =
            std::clamp<std::int64_t>(std::int64_t((1 << 18) / std::max<std::size_t>(1, row)), 1, page.shape.y);
        const bool real = info_.dtype == DType::F32 || info_.dtype == DType::F64;
        const bool isSigned = info_.dtype == DType::I8 || info_.dtype == DType::I16 || info_.dtype == DType::I32 ||
                              info_.dtype == DType::I64;
        bool good = TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, std::uint32_t(page.shape.x)) &&
                    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, std::uint32_t(page.shape.y)) &&
                    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, int(size * 8)) &&
                    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1) &&
                    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
                    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
                                 real       ? SAMPLEFORMAT_IEEEFP
                                 : isSigned ? SAMPLEFORMAT_INT
                                            : SAMPLEFORMAT_UINT) &&
                    TIFFSetField(tiff, TIFFTAG_COMPRESSION, compress_ ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_NONE) &&
                    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, std::uint32_t(rows));
        if (first) good = good && TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, text_.c_str());
        if (info_.geometry.known)
            good = good && TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE) &&
                   TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 1 / info_.geometry.spacing.x) &&
                   TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 1 / info_.geometry.spacing.y);
        std::uint32_t strip = 0;
        for (std::int64_t y = 0; good && y < page.shape.y; y += rows, ++strip) {
            const tmsize_t bytes = tmsize_t(std::size_t(std::min(rows, page.shape.y - y)) * row);
            // libtiff takes the buffer without const but does not keep it; only encoders that swap in place change it,
            // none here.
            good = TIFFWriteEncodedStrip(tiff, strip, const_cast<std::byte*>(page.bytes.data()) + std::size_t(y) * row,
                                         bytes) == bytes;
        }
        if (good && TIFFWriteDirectory(tiff)) return;
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} could not be written to the end: {why}. Make room on the disk and try again."),
                     {{"path", file_.path().string()}, {"why", file_.takeMessages()}}});
    }

  private:
    TiffFile& file_;
    const ImageInfo& info_;
    bool compress_;
    std::string text_;
};

}  // namespace

void writeTiff(const std::filesystem::path& path, const ImageSource& image, const WriteOptions& options, Job& job) {
    const ImageInfo& info = image.info();
    const Index n = info.shape();
    if (n.x > UINT32_MAX || n.y > UINT32_MAX)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{path}: a TIFF page has at most 4 billion rows and columns. Write OME-Zarr."),
                     {{"path", path.string()}}});
    const double bytes = double(n.count()) * info.channels * double(sizeOf(info.dtype));
    TiffFile file(path, bytes > 3.9e9 ? TiffFile::Mode::WriteBig : TiffFile::Mode::Write);
    Pages pages(file, info, options.compress);
    AnyVolume page;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (int c = 0; c < info.channels; ++c) {
            job.check();
            image.read(0, c, {{z, 0, 0}, {z + 1, n.y, n.x}}, page);
            pages.add(page, z == 0 && c == 0);
            job.progress(double(z * info.channels + c + 1), double(n.z * info.channels));
        }
    file.close();
}

}  // namespace fovea::io
