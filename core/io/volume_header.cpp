#include "io/volume_header.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "io/volume_header_detail.h"

namespace fovea::io {

namespace header {

void fail(ErrorKind kind, const std::filesystem::path& path, const std::string& why, const char* remedy) {
    throw Error(kind, {FOVEA_TR("{path} cannot be read: {why}. {remedy}"),
                       {{"path", path.string()}, {"why", why}, {"remedy", remedy}}});
}

std::string firstBytes(const std::filesystem::path& path, std::size_t count) {
    if (!std::filesystem::exists(path)) fail(ErrorKind::Missing, path, "there is no such file", "Check the name.");
    const gzFile file = gzopen(path.c_str(), "rb");  // passes plain files through
    if (!file) fail(ErrorKind::Format, path, "it cannot be opened", "Check its permissions.");
    std::string bytes(count, '\0');
    const int got = gzread(file, bytes.data(), unsigned(count));
    gzclose(file);
    if (got < 0) fail(ErrorKind::Format, path, "its compressed data are damaged", kCopyAgain);
    bytes.resize(std::size_t(got));
    return bytes;
}

std::filesystem::path dataFile(const std::filesystem::path& headerPath, const std::string& name) {
    const std::filesystem::path given(name);
    const bool leaves = given.is_absolute() || std::ranges::find(given, std::filesystem::path("..")) != given.end();
    if (name.empty() || leaves)
        fail(ErrorKind::Format, headerPath, "its data file “" + name + "” lies outside of its folder",
             "Put both files into one folder.");
    const std::filesystem::path path = headerPath.parent_path() / given;
    if (!std::filesystem::is_regular_file(path))
        fail(ErrorKind::Missing, headerPath, "its data file “" + name + "” is not there",
             "Copy both files into one folder.");
    return path;
}

void checkSizes(const std::filesystem::path& path, const VolumeHeader& h, double ratio) {
    double values = 1;
    for (std::int64_t size : h.sizes) {
        if (size < 1) fail(ErrorKind::Format, path, "one of its sizes is " + std::to_string(size), kCopyAgain);
        values *= double(size);
    }
    if (h.sizes.empty() || h.sizes.size() > 7)
        fail(ErrorKind::Format, path, "it has " + std::to_string(h.sizes.size()) + " axes", kCopyAgain);
    const double promised = values * h.valueBytes,
                 there = double(std::filesystem::file_size(h.data)) - double(h.offset);
    if (promised > std::max(0.0, there) * ratio + (ratio > 1 ? 4096 : 0))
        fail(ErrorKind::Format, path,
             "it is incomplete: its header promises " + bytesText(promised) + ", the file holds " +
                 bytesText(std::max(0.0, there)),
             kCopyAgain);
}

}  // namespace header

std::int64_t VolumeHeader::values() const {
    std::int64_t n = 1;
    for (std::int64_t size : sizes) n *= size;
    return n;
}

namespace {

// Calls sink(bytes, count) with the inflated stream until it returns false. Returns false then, and when the stream
// breaks off or its checksum is wrong.
bool inflateStream(std::ifstream& stream, const auto& sink) {
    std::vector<char> in(1 << 16), out(1 << 18);
    z_stream z{};
    if (inflateInit2(&z, 15 + 32) != Z_OK) throw Error(ErrorKind::Memory, "There is no memory left to unpack a file.");
    z.avail_out = 1;  // nothing is waiting to come out
    int state = Z_OK;
    while (state == Z_OK || state == Z_STREAM_END) {
        if (z.avail_in == 0 && (z.avail_out > 0 || state == Z_STREAM_END)) {
            stream.read(in.data(), std::streamsize(in.size()));
            z.next_in = reinterpret_cast<Bytef*>(in.data());
            z.avail_in = uInt(stream.gcount());
            if (z.avail_in == 0) break;
        }
        if (state == Z_STREAM_END && (z.next_in[0] != 0x1f || inflateReset(&z) != Z_OK))
            break;  // gzip may go on with another member
        z.next_out = reinterpret_cast<Bytef*>(out.data());
        z.avail_out = uInt(out.size());
        state = ::inflate(&z, Z_NO_FLUSH);
        if (!sink(out.data(), out.size() - z.avail_out)) state = Z_DATA_ERROR;
        if (state == Z_BUF_ERROR) state = Z_OK;  // wants more input
    }
    inflateEnd(&z);
    return state == Z_STREAM_END;
}

}  // namespace

void inflate(const VolumeHeader& h, std::vector<std::byte>* keep) {
    const std::uint64_t promised = std::uint64_t(h.values()) * std::uint64_t(h.valueBytes);
    if (keep) keep->resize(promised);
    std::ifstream stream(h.data, std::ios::binary);
    stream.seekg(std::streamoff(h.offset));
    std::uint64_t total = 0;
    const std::uint64_t most = 2 * (h.skip + promised) + (1 << 20);  // some leave a little behind their values
    const bool whole = inflateStream(stream, [&](const char* bytes, std::uint64_t count) {
        const std::uint64_t from = std::max(total, h.skip), to = std::min(total + count, h.skip + promised);
        if (keep && from < to) std::memcpy(keep->data() + (from - h.skip), bytes + (from - total), to - from);
        total += count;
        return total <= most;
    });
    if (total > most)
        header::fail(ErrorKind::Format, h.data,
                     "far more can be unpacked than the " + bytesText(double(promised)) + " its header promises",
                     header::kCopyAgain);
    if (!whole || total < h.skip + promised)
        header::fail(ErrorKind::Format, h.data,
                     "it is incomplete or damaged: " + bytesText(double(total)) + " of " +
                         bytesText(double(h.skip + promised)) + " can be unpacked",
                     header::kCopyAgain);
}

VolumeHeader readHeader(const std::filesystem::path& path, VolumeFormat format) {
    switch (format) {
        case VolumeFormat::Nrrd:
            return header::readNrrd(path);
        case VolumeFormat::Nifti:
            return header::readNifti(path);
        case VolumeFormat::Meta:
            return header::readMeta(path);
        case VolumeFormat::Mrc:
            break;
    }
    return header::readMrc(path);
}

}  // namespace fovea::io
