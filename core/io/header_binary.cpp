#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "io/volume_header_detail.h"

// NIfTI-1/2 and MRC: binary headers.
namespace fovea::io::header {

namespace {

// A field of a binary header in the file's byte order.
template <class T>
T field(const std::string& bytes, std::size_t at, bool swapped) {
    unsigned char raw[sizeof(T)];
    std::memcpy(raw, bytes.data() + at, sizeof raw);
    if (swapped) std::reverse(raw, raw + sizeof raw);
    T value;
    std::memcpy(&value, raw, sizeof raw);
    return value;
}

struct NiftiFields {
    bool two = false, swapped = false;
    std::vector<std::int64_t> dim;
    int datatype = 0;
    double offset = 0, slope = 0, inter = 0;
    int units = 0;
};

NiftiFields niftiFields(const std::string& b, const std::filesystem::path& path) {
    NiftiFields f;
    const auto size = [&](bool swapped) { return b.size() < 348 ? 0 : field<std::int32_t>(b, 0, swapped); };
    f.swapped = size(false) != 348 && size(false) != 540;
    const std::int32_t length = size(f.swapped);
    if (length != 348 && length != 540) fail(ErrorKind::Format, path, "it is not a NIfTI", kCopyAgain);
    f.two = length == 540;
    if (f.two && b.size() < 540) fail(ErrorKind::Format, path, "its header is incomplete", kCopyAgain);
    const bool s = f.swapped;
    const std::int64_t n = f.two ? field<std::int64_t>(b, 16, s) : field<std::int16_t>(b, 40, s);
    if (n < 1 || n > 7) fail(ErrorKind::Format, path, "it claims " + std::to_string(n) + " axes", kCopyAgain);
    for (std::size_t i = 1; i <= std::size_t(n); ++i)
        f.dim.push_back(f.two ? field<std::int64_t>(b, 16 + 8 * i, s) : field<std::int16_t>(b, 40 + 2 * i, s));
    f.datatype = field<std::int16_t>(b, f.two ? 12 : 70, s);
    f.offset = f.two ? double(field<std::int64_t>(b, 168, s)) : double(field<float>(b, 108, s));
    f.slope = f.two ? field<double>(b, 176, s) : double(field<float>(b, 112, s));
    f.inter = f.two ? field<double>(b, 184, s) : double(field<float>(b, 116, s));
    f.units = f.two ? field<std::int32_t>(b, 500, s) : b[123];
    return f;
}

struct NiftiType {
    int code;
    DType dtype;
    int components;
};

constexpr NiftiType kNiftiTypes[] = {{2, DType::U8, 1},     {4, DType::I16, 1},    {8, DType::I32, 1},
                                     {16, DType::F32, 1},   {64, DType::F64, 1},   {128, DType::U8, 3},
                                     {256, DType::I8, 1},   {512, DType::U16, 1},  {768, DType::U32, 1},
                                     {1024, DType::I64, 1}, {1280, DType::U64, 1}, {2304, DType::U8, 4}};

bool endsWith(const std::filesystem::path& path, const char* suffix) {
    std::string name = path.filename().string();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return name.size() >= std::strlen(suffix) &&
           name.compare(name.size() - std::strlen(suffix), std::string::npos, suffix) == 0;
}

}  // namespace

VolumeHeader readNifti(const std::filesystem::path& path) {
    std::filesystem::path headerPath = path;
    if (endsWith(path, ".img")) headerPath.replace_extension(".hdr");
    const std::string b = firstBytes(headerPath, 540);
    const NiftiFields f = niftiFields(b, headerPath);
    const bool pair = endsWith(path, ".img") || endsWith(path, ".hdr");
    VolumeHeader h;
    h.sizes = f.dim;
    const auto type = std::ranges::find(kNiftiTypes, f.datatype, &NiftiType::code);
    if (type == std::end(kNiftiTypes))
        fail(ErrorKind::Unsupported, path, "its data type has the number " + std::to_string(f.datatype),
             "Save it as integers or floats.");
    h.dtype = type->dtype;
    h.valueBytes = int(sizeOf(type->dtype)) * type->components;
    h.swapped = f.swapped;
    h.data = path;
    if (pair) h.data.replace_extension(".img");
    if (!std::filesystem::exists(h.data))
        fail(ErrorKind::Missing, path, "its data file " + h.data.string() + " is not there", "Copy both files.");
    if (!(f.offset >= 0 && f.offset < 1e9)) fail(ErrorKind::Format, path, "its data begin nowhere", kCopyAgain);
    h.offset = std::uint64_t(f.offset);
    const bool compressed = endsWith(path, ".gz");
    h.deflated = compressed;
    if (compressed) h.skip = std::exchange(h.offset, 0);
    checkSizes(path, h, compressed ? kDeflateRatio : 1);
    const bool scaled = f.slope != 0 && std::isfinite(f.slope) && (f.slope != 1 || f.inter != 0);
    h.plain = !scaled && type->components == 1 && h.sizes.size() >= 2 && h.sizes.size() <= 4;
    const int length = f.units & 7;
    if (length == 1) h.micrometres = 1e6;
    if (length == 2) h.micrometres = 1e3;
    if (length == 3) h.micrometres = 1;
    return h;
}

VolumeHeader readMrc(const std::filesystem::path& path) {
    const std::string b = firstBytes(path, 1024);
    if (b.size() < 1024) fail(ErrorKind::Format, path, "it is too short for an MRC", kCopyAgain);
    const auto plausible = [&](bool s) {
        const std::int32_t mode = field<std::int32_t>(b, 12, s), mapc = field<std::int32_t>(b, 64, s);
        return mode >= 0 && mode <= 127 && mapc >= 0 && mapc <= 3;
    };
    VolumeHeader h;
    h.swapped = !plausible(false);
    if (h.swapped && !plausible(true)) fail(ErrorKind::Format, path, "it is not an MRC", kCopyAgain);
    const bool s = h.swapped;
    for (std::size_t i = 0; i < 3; ++i) h.sizes.push_back(field<std::int32_t>(b, 4 * i, s));
    switch (const std::int32_t mode = field<std::int32_t>(b, 12, s)) {
        case 0:
            h.dtype = DType::I8;
            break;
        case 1:
            h.dtype = DType::I16;
            break;
        case 2:
            h.dtype = DType::F32;
            break;
        case 6:
            h.dtype = DType::U16;
            break;
        case 12:
            h.dtype = DType::F32, h.half = true;
            break;
        default:
            fail(ErrorKind::Unsupported, path, "its mode is " + std::to_string(mode),
                 "Save it with mode 0, 1, 2, 6 or 12.");
    }
    h.valueBytes = h.half ? 2 : int(sizeOf(h.dtype));
    const std::int32_t extended = field<std::int32_t>(b, 92, s);
    if (extended < 0) fail(ErrorKind::Format, path, "its extended header has a negative size", kCopyAgain);
    h.data = path;
    h.offset = 1024 + std::uint64_t(extended);
    h.plain = true;
    checkSizes(path, h, 1);
    // Ångström per voxel = cell / intervals, both by crystal axis; axes are stored as columns, rows, sections = mapc,
    // mapr, maps.
    Geometry g;
    g.known = true;
    for (int stored = 0; stored < 3; ++stored) {
        std::int32_t axis = field<std::int32_t>(b, 64 + 4 * std::size_t(stored), s);
        if (axis < 1 || axis > 3) axis = stored + 1;
        const double cell = double(field<float>(b, 40 + 4 * std::size_t(axis - 1), s));
        const double intervals = field<std::int32_t>(b, 28 + 4 * std::size_t(axis - 1), s);
        const double size = intervals > 0 ? cell / intervals : 0;
        if (!std::isfinite(size) || size <= 0)
            g.known = false;
        else
            g.spacing[2 - stored] = size * 1e-4;
    }
    if (!g.known) g.spacing = {1, 1, 1};
    h.geometry = g;
    return h;
}

}  // namespace fovea::io::header
