#include "io/tiff_source.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <mutex>

#include "base/log.h"
#include "data/chunk_cache.h"
#include "io/tiff_decode.h"
#include "io/tiff_file.h"
#include "io/tiff_layout.h"

namespace fovea::io {

namespace {

namespace fs = std::filesystem;

// The directories that belong to the image, in file order; previews (reduced pages, masks) are left out.
std::vector<TiffPage> scan(TiffFile& file, std::uint64_t fileBytes, TiffHints& hints) {
    constexpr std::uint32_t kNotAPicture = FILETYPE_REDUCEDIMAGE | FILETYPE_MASK;
    std::vector<TiffPage> pages;
    std::size_t others = 0;
    do {
        file.takeMessages();
        std::uint32_t subfile = 0;
        TIFFGetField(file.get(), TIFFTAG_SUBFILETYPE, &subfile);
        if (!pages.empty() && (subfile & kNotAPicture)) continue;
        TiffPage page;
        if (pages.empty()) {
            page = readPage(file, fileBytes);
            hints.description = textTag(file, TIFFTAG_IMAGEDESCRIPTION);
            hints.xResolution = floatTag(file, TIFFTAG_XRESOLUTION);
            hints.yResolution = floatTag(file, TIFFTAG_YRESOLUTION);
            hints.samples = page.samples;
        } else {
            try {
                page = readPage(file, fileBytes);
            } catch (const Error&) {
                if (pages.size() > 1) throw;
                page = {};  // something else behind a single picture
            }
            if (!page.samePicture(pages.front())) {
                if (pages.size() > 1)
                    throw Error(
                        ErrorKind::Unsupported,
                        {FOVEA_TR("{path}: page {page} differs in size or type from the pages before it. Save the "
                                  "pages as separate files."),
                         {{"path", file.path().string()}, {"page", std::to_string(pages.size() + others + 1)}}});
                ++others;
                continue;
            }
            if (others > 0) continue;
        }
        pages.push_back(page);
    } while (TIFFReadDirectory(file.get()));
    if (const std::string said = file.takeMessages(); !said.empty())
        file.fail("page " + std::to_string(pages.size() + others + 1) + " is damaged or missing: " + said);
    if (others > 0)
        log::warning(file.path().string() + ": only the first page is read, " + std::to_string(others) +
                     " others differ in size or type");
    hints.pages = std::int64_t(pages.size());
    return pages;
}

class TiffSource : public ImageSource {
  public:
    TiffSource(const fs::path& path, int timepoint)
        : path_(path), timepoint_(timepoint), source_(ChunkCache::newSource()) {
        const std::uint64_t fileBytes = fs::file_size(path);
        auto file = std::make_unique<TiffFile>(path, TiffFile::Mode::Read);
        TiffHints hints;
        hints.path = path.string();
        pages_ = scan(*file, fileBytes, hints);
        arrange(*file, hints, fileBytes);
        current_ = {std::move(file), std::size_t(-1)};
        describe(hints);
    }
    ~TiffSource() override { ChunkCache::shared()->drop(source_); }

    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override;

  private:
    struct Handle {
        std::unique_ptr<TiffFile> file;
        std::size_t page = std::size_t(-1);
    };

    void arrange(TiffFile& file, TiffHints& hints, std::uint64_t fileBytes);
    void describe(const TiffHints& hints);
    void readPlane(std::int64_t page, int sample, std::int64_t z, const Box& box, AnyVolume& out) const;
    ChunkCache::Chunk block(std::int64_t page, int plane, std::int64_t row, std::int64_t column) const;
    ChunkCache::Chunk decode(std::int64_t page, int plane, std::int64_t row, std::int64_t column) const;
    ChunkCache::Chunk decodeContiguous(std::int64_t page, std::int64_t row) const;
    void decodeStrips(Handle& handle, const TiffPage& p, int plane, std::int64_t y0, std::int64_t rows,
                      std::byte* packed) const;
    const TiffPage& page(std::int64_t i) const { return contiguous_ ? pages_.front() : pages_[std::size_t(i)]; }
    std::int64_t blockRows(const TiffPage& p) const;
    Handle take() const;
    void giveBack(Handle handle) const;

    fs::path path_;
    int timepoint_;
    std::uint64_t source_;
    std::vector<TiffPage> pages_;
    TiffLayout layout_;
    ImageInfo info_;
    bool contiguous_ = false,
         swapped_ = false;  // ImageJ's stacks beyond 4 GB: one directory, planes behind one another
    std::uint64_t firstPlane_ = 0;
    mutable std::mutex mutex_;
    mutable Handle current_;
    mutable std::vector<Handle> spare_;
};

void TiffSource::arrange(TiffFile& file, TiffHints& hints, std::uint64_t fileBytes) {
    const TiffPage& first = pages_.front();
    if (const auto imageJ = parseImageJ(hints); imageJ && hints.pages == 1 && imageJ->images > 1) {
        const bool whole = first.bits == 8 || first.bits == 16 || first.bits == 32;
        if (first.compression != COMPRESSION_NONE || first.tiled || first.samples != 1 || !whole)
            file.fail("its description promises " + std::to_string(imageJ->images) + " planes, the file has one");
        if (!TIFFSetDirectory(file.get(), 0)) file.fail("its first page is damaged");
        firstPlane_ = TIFFGetStrileOffset(file.get(), 0);
        if (double(firstPlane_) + first.packedBytes() * double(imageJ->images) > double(fileBytes))
            file.fail("it ends before the last of its " + std::to_string(imageJ->images) + " planes");
        contiguous_ = true;
        swapped_ = TIFFIsByteSwapped(file.get());
        hints.pages = imageJ->images;
    }
    if (auto layout = omeLayout(hints))
        layout_ = std::move(*layout);
    else if (auto imageJ = imageJLayout(hints))
        layout_ = std::move(*imageJ);
    else if (auto shaped = shapedLayout(hints))
        layout_ = std::move(*shaped);
    else
        layout_ = plainLayout(hints);
}

void TiffSource::describe(const TiffHints& hints) {
    const TiffPage& first = pages_.front();
    info_.path = path_.string();
    info_.format = layout_.format;
    info_.dtype = dtypeOf(first);
    info_.geometry = layout_.geometry;
    info_.levels = {{{layout_.slices, first.height, first.width}, layout_.geometry.spacing}};
    // Overlapping pages can promise far more than the file holds; bytes of eight-byte values must fit 63 bits.
    const double voxels = double(first.height) * double(first.width) * double(layout_.pages.size()) * first.samples;
    if (voxels > 1e18 || double(layout_.channels) * first.samples > 1e6)
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} cannot be read: it promises {count} values. Copy it again "
                                                 "from its source."),
                                        {{"path", info_.path}, {"count", std::to_string(voxels)}}});
    info_.channels = layout_.channels * first.samples;
    info_.timepoints = layout_.timepoints;
    if (int(layout_.channelNames.size()) == info_.channels) info_.channelNames = layout_.channelNames;
    if (timepoint_ < 0 || timepoint_ >= info_.timepoints)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {count} time points; there is no number {number}. Count from 0."),
                     {{"path", info_.path},
                      {"count", std::to_string(info_.timepoints)},
                      {"number", std::to_string(timepoint_)}}});
}

TiffSource::Handle TiffSource::take() const {
    {
        std::lock_guard lock(mutex_);
        if (current_.file) return std::exchange(current_, {});
        if (!spare_.empty()) {
            Handle handle = std::move(spare_.back());
            spare_.pop_back();
            return handle;
        }
    }
    return {std::make_unique<TiffFile>(path_, TiffFile::Mode::Read), std::size_t(-1)};
}

void TiffSource::giveBack(Handle handle) const {
    std::lock_guard lock(mutex_);
    if (!current_.file)
        current_ = std::move(handle);
    else if (spare_.size() < 4)
        spare_.push_back(std::move(handle));
}

// Small strips are decoded in bands: fewer, larger pieces in the cache.
std::int64_t TiffSource::blockRows(const TiffPage& p) const {
    if (p.tiled) return p.blockHeight;
    constexpr std::int64_t kBand = 1 << 18;
    const std::int64_t step = contiguous_ ? 1 : p.blockHeight;
    const std::int64_t strip = std::max<std::int64_t>(1, step * packedRow(p, p.width, p.separate ? 1 : p.samples));
    return std::min(p.height, step * std::max<std::int64_t>(1, kBand / strip));
}

void TiffSource::decodeStrips(Handle& handle, const TiffPage& p, int plane, std::int64_t y0, std::int64_t rows,
                              std::byte* packed) const {
    const std::int64_t rowBytes = packedRow(p, p.width, p.separate ? 1 : p.samples);
    const std::int64_t stripsPerPlane = (p.height + p.blockHeight - 1) / p.blockHeight;
    for (std::int64_t y = y0; y < y0 + rows; y += p.blockHeight) {
        const std::int64_t n = std::min(p.blockHeight, p.height - y), bytes = n * rowBytes;
        const std::uint32_t strip = std::uint32_t(plane * stripsPerPlane + y / p.blockHeight);
        const tmsize_t got = TIFFReadEncodedStrip(handle.file->get(), strip, packed + (y - y0) * rowBytes, bytes);
        if (got != bytes) handle.file->fail("rows from " + std::to_string(y) + " on are damaged or missing");
    }
}

ChunkCache::Chunk TiffSource::decode(std::int64_t index, int plane, std::int64_t row, std::int64_t column) const {
    const TiffPage& p = page(index);
    Handle handle = take();
    TiffFile& file = *handle.file;
    file.takeMessages();
    if (handle.page != std::size_t(index)) {
        if (!TIFFSetSubDirectory(file.get(), p.offset)) file.fail("page " + std::to_string(index + 1) + " is damaged");
        handle.page = std::size_t(index);
        if (p.compression == COMPRESSION_JPEG && p.photometric == PHOTOMETRIC_YCBCR)
            TIFFSetField(file.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }
    const std::int64_t height = blockRows(p), y0 = row * height;
    const std::int64_t rows = p.tiled ? height : std::min(height, p.height - y0);
    const int samples = p.separate ? 1 : p.samples;
    // Zeroed: what a damaged strip leaves out must not be another image's memory.
    std::vector<std::byte> packed(std::size_t(rows * packedRow(p, p.blockWidth, samples)));
    if (p.tiled) {
        if (TIFFTileSize64(file.get()) != packed.size()) file.fail("its tiles have an unexpected size");
        const std::uint32_t tile = TIFFComputeTile(file.get(), std::uint32_t(column * p.blockWidth), std::uint32_t(y0),
                                                   0, std::uint16_t(plane));
        if (TIFFReadEncodedTile(file.get(), tile, packed.data(), tmsize_t(packed.size())) != tmsize_t(packed.size()))
            file.fail("the tile at row " + std::to_string(y0) + " is damaged or missing");
    } else {
        decodeStrips(handle, p, plane, y0, rows, packed.data());
    }
    auto chunk = std::make_shared<AnyVolume>(info_.dtype, Index{samples, rows, p.blockWidth});
    unpack(p, packed.data(), rows, p.blockWidth, samples, chunk->bytes.data());
    giveBack(std::move(handle));
    return chunk;
}

ChunkCache::Chunk TiffSource::decodeContiguous(std::int64_t index, std::int64_t row) const {
    const TiffPage& p = pages_.front();
    const std::int64_t height = blockRows(p), y0 = row * height, rows = std::min(height, p.height - y0),
                       step = packedRow(p, p.width, 1);
    std::vector<std::byte> packed(std::size_t(rows * step));
    std::ifstream stream(path_, std::ios::binary);
    stream.seekg(std::streamoff(firstPlane_ + std::uint64_t(index * p.height + y0) * std::uint64_t(step)));
    if (!stream.read(reinterpret_cast<char*>(packed.data()), std::streamsize(packed.size())))
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} ends before plane {plane}. Copy it again from its source."),
                                        {{"path", path_.string()}, {"plane", std::to_string(index + 1)}}});
    if (swapped_ && p.bits > 8)
        for (auto it = packed.begin(); it != packed.end(); it += p.bits / 8) std::reverse(it, it + p.bits / 8);
    auto chunk = std::make_shared<AnyVolume>(info_.dtype, Index{1, rows, p.width});
    unpack(p, packed.data(), rows, p.width, 1, chunk->bytes.data());
    return chunk;
}

ChunkCache::Chunk TiffSource::block(std::int64_t index, int plane, std::int64_t row, std::int64_t column) const {
    const TiffPage& p = page(index);
    const std::int64_t across = (p.width + p.blockWidth - 1) / p.blockWidth,
                       down = (p.height + blockRows(p) - 1) / blockRows(p);
    // Pages may be cut into blocks differently: the page comes first, in steps no page exceeds.
    const std::uint64_t key = std::uint64_t(index) << 40 | std::uint64_t((plane * down + row) * across + column);
    return ChunkCache::shared()->get(
        source_, key, [&] { return contiguous_ ? decodeContiguous(index, row) : decode(index, plane, row, column); });
}

void TiffSource::readPlane(std::int64_t index, int sample, std::int64_t z, const Box& box, AnyVolume& out) const {
    const TiffPage& p = page(index);
    const std::int64_t height = blockRows(p), width = p.blockWidth, size = std::int64_t(sizeOf(info_.dtype));
    const Index n = box.extent();
    for (std::int64_t row = box.begin.y / height; row * height < box.end.y; ++row)
        for (std::int64_t column = box.begin.x / width; column * width < box.end.x; ++column) {
            const ChunkCache::Chunk chunk = block(index, p.separate ? sample : 0, row, column);
            const std::int64_t y0 = std::max(box.begin.y, row * height),
                               y1 = std::min(box.end.y, row * height + chunk->shape.y);
            const std::int64_t x0 = std::max(box.begin.x, column * width),
                               x1 = std::min(box.end.x, (column + 1) * width);
            const std::int64_t inBlock = (p.separate ? 0 : sample) * chunk->shape.y;
            for (std::int64_t y = y0; y < y1; ++y) {
                const std::byte* from =
                    chunk->bytes.data() + ((inBlock + y - row * height) * chunk->shape.x + x0 - column * width) * size;
                std::byte* to =
                    out.bytes.data() + (((z - box.begin.z) * n.y + y - box.begin.y) * n.x + x0 - box.begin.x) * size;
                std::memcpy(to, from, std::size_t((x1 - x0) * size));
            }
        }
}

void TiffSource::read(int level, int channel, const Box& box, AnyVolume& out) const {
    if (level != 0 || channel < 0 || channel >= info_.channels || box.empty() || !Box::of(info_.shape()).contains(box))
        throw Error(ErrorKind::Internal,
                    {FOVEA_TR("A read outside of {path}: {box}"), {{"path", info_.path}, {"box", toString(box)}}});
    out = AnyVolume(info_.dtype, box.extent());
    out.geometry = info_.geometry;
    const int samples = pages_.front().samples;
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        readPlane(layout_.page(timepoint_, channel / samples, int(z)), channel % samples, z, box, out);
}

}  // namespace

ImagePtr openTiff(const fs::path& path, int timepoint) {
    if (!fs::exists(path))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no file {path}. Check the name."), {{"path", path.string()}}});
    return std::make_shared<TiffSource>(path, timepoint);
}

bool isBilevelTiff(const fs::path& path) {
    TiffFile file(path, TiffFile::Mode::Read);
    std::uint16_t bits = 1;
    TIFFGetFieldDefaulted(file.get(), TIFFTAG_BITSPERSAMPLE, &bits);
    return bits == 1;
}

}  // namespace fovea::io
