#include "io/volume_header.h"

#include <zlib.h>

#include <algorithm>
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

void checkDeflated(const VolumeHeader& h) {
    if (!h.deflated) return;
    std::ifstream stream(h.data, std::ios::binary);
    stream.seekg(std::streamoff(h.offset));
    std::vector<char> in(1 << 16), out(1 << 18);
    z_stream z{};
    if (inflateInit2(&z, 15 + 32) != Z_OK) throw Error(ErrorKind::Memory, "There is no memory left to unpack a file.");
    std::uint64_t total = 0;
    int state = Z_OK;
    while (state == Z_OK || state == Z_STREAM_END) {
        if (z.avail_in == 0) {
            stream.read(in.data(), std::streamsize(in.size()));
            z.next_in = reinterpret_cast<Bytef*>(in.data());
            z.avail_in = uInt(stream.gcount());
            if (z.avail_in == 0) break;
        }
        if (state == Z_STREAM_END && (z.next_in[0] != 0x1f || inflateReset(&z) != Z_OK))
            break;  // gzip may go on with another member
        z.next_out = reinterpret_cast<Bytef*>(out.data());
        z.avail_out = uInt(out.size());
        state = inflate(&z, Z_NO_FLUSH);
        total += out.size() - z.avail_out;
    }
    inflateEnd(&z);
    const double promised = double(h.values()) * h.valueBytes;
    if (state != Z_STREAM_END || double(total) < promised)
        header::fail(ErrorKind::Format, h.data,
                     "it is incomplete or damaged: " + bytesText(double(total)) + " of " + bytesText(promised) +
                         " can be unpacked",
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
