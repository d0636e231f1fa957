#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "io/tiff_layout.h"
#include "io/volume_header_detail.h"

// NRRD and MetaImage: text headers.
namespace fovea::io::header {

namespace {

constexpr std::size_t kLongestHeader = 1 << 20;

std::string trimmed(std::string text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.back())) text.pop_back();
    std::size_t from = 0;
    while (from < text.size() && blank(text[from])) ++from;
    return text.substr(from);
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return text;
}

std::vector<std::int64_t> integers(const std::string& text, const std::filesystem::path& path) {
    std::vector<std::int64_t> result;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        char* end = nullptr;
        errno = 0;
        const long long value = std::strtoll(word.c_str(), &end, 10);
        if (*end != 0 || errno != 0)
            fail(ErrorKind::Format, path, "its header holds “" + word + "” where a whole number belongs", kCopyAgain);
        result.push_back(value);
    }
    return result;
}

std::optional<DType> nrrdType(const std::string& name) {
    static const std::map<std::string, DType> known{{"signed char", DType::I8},
                                                    {"int8", DType::I8},
                                                    {"int8_t", DType::I8},
                                                    {"uchar", DType::U8},
                                                    {"unsigned char", DType::U8},
                                                    {"uint8", DType::U8},
                                                    {"uint8_t", DType::U8},
                                                    {"short", DType::I16},
                                                    {"short int", DType::I16},
                                                    {"signed short", DType::I16},
                                                    {"signed short int", DType::I16},
                                                    {"int16", DType::I16},
                                                    {"int16_t", DType::I16},
                                                    {"ushort", DType::U16},
                                                    {"unsigned short", DType::U16},
                                                    {"unsigned short int", DType::U16},
                                                    {"uint16", DType::U16},
                                                    {"uint16_t", DType::U16},
                                                    {"int", DType::I32},
                                                    {"signed int", DType::I32},
                                                    {"int32", DType::I32},
                                                    {"int32_t", DType::I32},
                                                    {"uint", DType::U32},
                                                    {"unsigned int", DType::U32},
                                                    {"uint32", DType::U32},
                                                    {"uint32_t", DType::U32},
                                                    {"long long int", DType::I64},
                                                    {"signed long long int", DType::I64},
                                                    {"unsigned long long int", DType::U64},
                                                    {"longlong", DType::I64},
                                                    {"long long", DType::I64},
                                                    {"int64", DType::I64},
                                                    {"int64_t", DType::I64},
                                                    {"signed long long", DType::I64},
                                                    {"ulonglong", DType::U64},
                                                    {"unsigned long long", DType::U64},
                                                    {"uint64", DType::U64},
                                                    {"uint64_t", DType::U64},
                                                    {"float", DType::F32},
                                                    {"double", DType::F64}};
    const auto it = known.find(name);
    return it == known.end() ? std::nullopt : std::optional(it->second);
}

std::optional<DType> metaType(const std::string& name) {
    static const std::map<std::string, DType> known{{"MET_CHAR", DType::I8},       {"MET_UCHAR", DType::U8},
                                                    {"MET_SHORT", DType::I16},     {"MET_USHORT", DType::U16},
                                                    {"MET_INT", DType::I32},       {"MET_UINT", DType::U32},
                                                    {"MET_FLOAT", DType::F32},     {"MET_DOUBLE", DType::F64},
                                                    {"MET_LONG_LONG", DType::I64}, {"MET_ULONG_LONG", DType::U64}};
    const auto it = known.find(name);
    return it == known.end() ? std::nullopt : std::optional(it->second);
}

// "key: value" lines up to the blank line; `end` is where the data begin.
std::map<std::string, std::string> nrrdFields(const std::string& text, std::size_t& end,
                                              const std::filesystem::path& path, bool detached) {
    std::map<std::string, std::string> fields;
    std::size_t at = 0;
    for (bool first = true;; first = false) {
        const std::size_t next = text.find('\n', at);
        if (next == std::string::npos && !detached)
            fail(ErrorKind::Format, path, "its header does not end", kCopyAgain);
        const std::string line = trimmed(text.substr(at, next == std::string::npos ? std::string::npos : next - at));
        at = next == std::string::npos ? text.size() : next + 1;
        if ((line.empty() && !first) || at >= text.size()) {
            end = at;
            if (line.empty()) return fields;
        }
        const std::size_t colon = line.find(':');
        if (!first && line[0] != '#' && colon != std::string::npos &&
            (colon + 1 >= line.size() || line[colon + 1] != '='))
            fields[lower(trimmed(line.substr(0, colon)))] = trimmed(line.substr(colon + 1));
        if (at >= text.size()) return fields;
    }
}

// "nm" of `"" "nm" "nm" "nm"`: axes that are no lengths have none.
std::optional<double> lengthUnit(const std::string& text, const std::filesystem::path& path) {
    std::set<std::string> units;
    for (std::size_t from = text.find('"'); from != std::string::npos; from = text.find('"', from + 1)) {
        const std::size_t to = text.find('"', from + 1);
        if (to == std::string::npos) break;
        if (to > from + 1) units.insert(text.substr(from + 1, to - from - 1));
        from = to;
    }
    if (units.size() > 1)
        fail(ErrorKind::Unsupported, path, "its axes are measured in different units (" + text + ")",
             "Save it with one unit of length.");
    return units.empty() ? std::nullopt : micrometresPer(*units.begin());
}

}  // namespace

VolumeHeader readNrrd(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string text(kLongestHeader, '\0');
    stream.read(text.data(), std::streamsize(text.size()));
    text.resize(std::size_t(stream.gcount()));
    if (!text.starts_with("NRRD")) fail(ErrorKind::Format, path, "it is not an NRRD", kCopyAgain);
    std::size_t end = 0;
    auto fields = nrrdFields(text, end, path, lower(path.extension().string()) == ".nhdr");
    VolumeHeader h;
    h.sizes = integers(fields["sizes"], path);
    const std::optional<DType> type = nrrdType(lower(fields["type"]));
    if (!type)
        fail(ErrorKind::Unsupported, path, "its type is “" + fields["type"] + "”", "Save it as integers or floats.");
    h.dtype = *type;
    h.valueBytes = int(sizeOf(h.dtype));
    const std::string encoding = lower(fields["encoding"]);
    if (encoding == "bzip2" || encoding == "bz2")
        fail(ErrorKind::Unsupported, path, "its data are compressed with bzip2", "Save it with gzip or raw.");
    // ITK takes the other of the two: the one checked here must be the one that is opened.
    if (fields.contains("data file") && fields.contains("datafile"))
        fail(ErrorKind::Format, path, "its header names two data files", kCopyAgain);
    std::string detached = fields.contains("data file") ? fields["data file"] : fields["datafile"];
    if (detached.find('%') != std::string::npos || detached.starts_with("LIST"))
        fail(ErrorKind::Unsupported, path, "its data lie in several files", "Save it as one .nrrd.");
    h.data = detached.empty() ? path : dataFile(path, detached);
    h.offset = detached.empty() ? end : 0;
    const bool skips = fields.contains("byte skip") || fields.contains("byteskip") || fields.contains("line skip") ||
                       fields.contains("lineskip");
    const bool gzip = encoding == "gzip" || encoding == "gz";
    checkSizes(path, h, gzip ? kDeflateRatio : encoding == "raw" ? 1.0 : h.valueBytes);
    const bool plainAxes =
        h.sizes.size() <= 3 && fields["space directions"].find("none") == std::string::npos &&
        (fields["kinds"].empty() || lower(fields["kinds"]).find_first_not_of("domainspace ") == std::string::npos);
    h.plain = (encoding == "raw" || gzip) && !skips && plainAxes && h.sizes.size() >= 2;
    h.deflated = gzip && !skips;
    h.swapped = lower(fields["endian"]) == "big";
    h.micrometres = lengthUnit(fields[fields.contains("space units") ? "space units" : "units"], path);
    return h;
}

VolumeHeader readMeta(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::map<std::string, std::string> fields;
    std::size_t read = 0;
    bool complete = false;
    for (std::string line; !complete && read < kLongestHeader && std::getline(stream, line);) {
        read += line.size() + 1;
        const std::size_t equals = line.find('=');
        if (equals == std::string::npos) fail(ErrorKind::Format, path, "it is not a MetaImage", kCopyAgain);
        const std::string key = trimmed(line.substr(0, equals));
        fields[key] = trimmed(line.substr(equals + 1));
        complete = key == "ElementDataFile";
    }
    if (!complete) fail(ErrorKind::Format, path, "its header does not end", kCopyAgain);
    VolumeHeader h;
    h.sizes = integers(fields["DimSize"], path);
    const std::optional<DType> type = metaType(fields["ElementType"]);
    if (!type)
        fail(ErrorKind::Unsupported, path, "its type is “" + fields["ElementType"] + "”",
             "Save it as integers or floats.");
    h.dtype = *type;
    const std::string components = fields.contains("ElementNumberOfChannels") ? fields["ElementNumberOfChannels"] : "1";
    const std::vector<std::int64_t> channels = integers(components, path);
    if (channels.size() != 1 || channels[0] < 1 || channels[0] > 4096)
        fail(ErrorKind::Format, path, "it claims “" + components + "” channels", kCopyAgain);
    h.valueBytes = int(sizeOf(h.dtype)) * int(channels[0]);
    const std::string name = fields["ElementDataFile"];
    const bool local = lower(name) == "local";
    if (name.starts_with("LIST") || name.find('%') != std::string::npos)
        fail(ErrorKind::Unsupported, path, "its data lie in several files", "Save it as one .mha.");
    h.data = local ? path : dataFile(path, name);
    h.offset = local ? std::uint64_t(stream.tellg()) : 0;
    const bool compressed = lower(fields["CompressedData"]) == "true";
    checkSizes(path, h, compressed ? kDeflateRatio : 1);
    h.deflated = compressed;
    const bool ascii = fields.contains("BinaryData") && lower(fields["BinaryData"]) == "false";
    h.plain =
        !ascii && channels[0] == 1 && h.sizes.size() <= 3 && h.sizes.size() >= 2 && !fields.contains("HeaderSize");
    h.swapped = lower(fields["BinaryDataByteOrderMSB"]) == "true" || lower(fields["ElementByteOrderMSB"]) == "true";
    return h;
}

}  // namespace fovea::io::header
