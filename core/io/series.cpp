#include "io/series.h"

#include <glob.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <list>
#include <mutex>

#include "base/error.h"
#include "data/chunk_cache.h"
#include "io/formats.h"
#include "io/itk_volume.h"
#include "io/natural_order.h"
#include "io/tiff_source.h"
#include "zarr/ome_zarr.h"

namespace fovea::io {

namespace {

namespace fs = std::filesystem;

std::string suffix(const fs::path& path) {
    std::string text = path.extension().string();
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

bool isPng(const fs::path& path) { return suffix(path) == ".png"; }

[[noreturn]] void failPng(const fs::path& path, const std::string& why) {
    throw Error(ErrorKind::Format, {FOVEA_TR("{path} cannot be read: {why}. Copy it again from its source."),
                                    {{"path", path.string()}, {"why", why}}});
}

PictureInfo peekPng(const fs::path& path) {
    if (!fs::exists(path))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no file {path}. Check the name."), {{"path", path.string()}}});
    unsigned char b[29] = {};
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(b), sizeof b);
    if (std::memcmp(b, "\x89PNG\r\n\x1a\n", 8) != 0 || std::memcmp(b + 12, "IHDR", 4) != 0)
        failPng(path, "it is not a PNG");
    const auto number = [&](int at) {
        return std::int64_t(b[at]) << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3];
    };
    PictureInfo info;
    info.width = number(16), info.height = number(20);
    const int bits = b[24], colour = b[25];
    info.dtype = bits == 16 ? DType::U16 : DType::U8;
    info.channels = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
    const double packed = double(info.height) * double((info.width * info.channels * bits + 7) / 8);
    if (info.width < 1 || info.height < 1 || packed > double(fs::file_size(path)) * 1040 + 4096)
        failPng(path, "its header promises " + std::to_string(info.width) + " × " + std::to_string(info.height) +
                          " pixels, the file has " + bytesText(double(fs::file_size(path))));
    return info;
}

class Series : public ImageSource {
  public:
    Series(std::vector<fs::path> files, std::vector<bool> bilevel, ImageInfo info)
        : files_(std::move(files)),
          bilevel_(std::move(bilevel)),
          info_(std::move(info)),
          source_(ChunkCache::newSource()) {}
    ~Series() override { ChunkCache::shared()->drop(source_); }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override;

  private:
    void readPng(std::size_t z, int channel, const Box& section, std::byte* to) const;
    ImagePtr tiff(std::size_t z) const;

    std::vector<fs::path> files_;
    std::vector<bool> bilevel_;  // 1 means 255
    ImageInfo info_;
    std::uint64_t source_;
    mutable std::mutex mutex_;
    mutable std::list<std::pair<std::size_t, ImagePtr>> open_;  // latest first
};

// A few files stay open: sections are read again and again, but thousands of handles are not to be had.
ImagePtr Series::tiff(std::size_t z) const {
    constexpr std::size_t kMostOpen = 32;
    std::lock_guard lock(mutex_);
    const auto it = std::ranges::find(open_, z, &std::pair<std::size_t, ImagePtr>::first);
    if (it != open_.end())
        open_.splice(open_.begin(), open_, it);
    else
        open_.emplace_front(z, openTiff(files_[z]));
    if (open_.size() > kMostOpen) open_.pop_back();
    return open_.front().second;
}

void Series::readPng(std::size_t z, int channel, const Box& section, std::byte* to) const {
    const ChunkCache::Chunk picture = ChunkCache::shared()->get(
        source_, z, [&] { return std::make_shared<const AnyVolume>(io::readPng(files_[z])); });
    const Index shape = info_.shape(), n = section.extent();
    if (picture->dtype != info_.dtype || picture->shape.z < info_.channels || picture->shape.y != shape.y ||
        picture->shape.x != shape.x)
        failPng(files_[z], "its pixels are not what its header says");
    const std::int64_t size = std::int64_t(sizeOf(info_.dtype));
    for (std::int64_t y = 0; y < n.y; ++y)
        std::memcpy(
            to + y * n.x * size,
            picture->bytes.data() + ((channel * shape.y + section.begin.y + y) * shape.x + section.begin.x) * size,
            std::size_t(n.x * size));
}

void Series::read(int level, int channel, const Box& box, AnyVolume& out) const {
    if (level != 0 || channel < 0 || channel >= info_.channels || box.empty() || !Box::of(info_.shape()).contains(box))
        throw Error(ErrorKind::Internal,
                    {FOVEA_TR("A read outside of {path}: {box}"), {{"path", info_.path}, {"box", toString(box)}}});
    out = AnyVolume(info_.dtype, box.extent());
    out.geometry = info_.geometry;
    const Box section{{0, box.begin.y, box.begin.x}, {1, box.end.y, box.end.x}};
    const std::size_t bytes = std::size_t(section.count()) * sizeOf(info_.dtype);
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z) {
        std::byte* to = out.bytes.data() + std::size_t(z - box.begin.z) * bytes;
        if (isPng(files_[std::size_t(z)])) {
            readPng(std::size_t(z), channel, section, to);
            continue;
        }
        const AnyVolume page = tiff(std::size_t(z))->read(0, channel, section);
        if (page.bytes.size() != bytes)
            throw Error(ErrorKind::Format, {FOVEA_TR("{path} has changed since it was opened. Open the images again."),
                                            {{"path", files_[std::size_t(z)].string()}}});
        std::memcpy(to, page.bytes.data(), bytes);
        if (bilevel_[std::size_t(z)])
            for (std::size_t i = 0; i < bytes; ++i) to[i] = to[i] == std::byte{0} ? std::byte{0} : std::byte{255};
    }
}

}  // namespace

bool isPicture(const fs::path& path) {
    const std::string s = suffix(path);
    return s == ".png" || s == ".tif" || s == ".tiff";
}

PictureInfo peekPicture(const fs::path& path) {
    if (isPng(path)) return peekPng(path);
    const ImageInfo tiff = openTiff(path)->info();
    return {tiff.shape().y,     tiff.shape().x, tiff.dtype, tiff.channels, int(tiff.shape().z) * tiff.timepoints,
            isBilevelTiff(path)};
}

ImagePtr openSeries(const std::vector<fs::path>& files, const std::string& name) {
    std::vector<bool> bilevel;
    PictureInfo first;
    for (const fs::path& file : files) {
        const PictureInfo info = peekPicture(file);
        if (bilevel.empty())
            first = info;
        else if (!first.sameKind(info))
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR(
                     "{path} differs from {first} in size, type, colours or pages, so they are no series. Open them "
                     "as separate images."),
                 {{"path", file.string()}, {"first", files.front().string()}}});
        bilevel.push_back(info.bilevel);
    }
    const bool mixed = std::ranges::find(bilevel, false) != bilevel.end();
    if (!mixed && std::ranges::none_of(files, isPng)) bilevel.assign(files.size(), false);  // a pure 0/1 mask stays one
    ImageInfo info;
    info.path = name;
    info.format = files.size() == 1 ? "png" : "series";
    info.dtype = first.dtype;
    info.channels = first.channels;
    info.levels = {{{std::int64_t(files.size()), first.height, first.width}, {1, 1, 1}}};
    return std::make_shared<Series>(files, std::move(bilevel), std::move(info));
}

bool isSeries(const std::vector<fs::path>& files) {
    std::vector<std::string> names;
    for (const fs::path& file : files) {
        if (!isPicture(file)) return false;
        names.push_back(file.filename().string());
    }
    if (!isNumbered(names)) return false;
    const PictureInfo first = peekPicture(files.front());
    return first.pages == 1 &&
           std::ranges::all_of(files, [&](const fs::path& file) { return first.sameKind(peekPicture(file)); });
}

std::vector<fs::path> imagesIn(const fs::path& folder) {
    std::vector<fs::path> result;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(".")) continue;
        const bool known = std::ranges::any_of(formats(), [&](const FormatInfo& format) {
            return std::ranges::any_of(
                format.suffixes, [&](const std::string& s) { return name.size() > s.size() && name.ends_with(s); });
        });
        if (entry.is_directory() ? zarr::isZarr(entry.path()) : !entry.is_other() && (known || isPicture(entry.path())))
            result.push_back(entry.path());
    }
    std::ranges::sort(result, [](const fs::path& a, const fs::path& b) {
        return naturalLess(a.filename().string(), b.filename().string());
    });
    return result;
}

std::vector<fs::path> matching(const std::string& pattern) {
    std::vector<fs::path> result;
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
        for (std::size_t i = 0; i < found.gl_pathc; ++i) result.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    std::ranges::sort(result, [](const fs::path& a, const fs::path& b) { return naturalLess(a.string(), b.string()); });
    return result;
}

}  // namespace fovea::io
