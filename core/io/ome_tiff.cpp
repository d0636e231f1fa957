#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "io/tiff_layout.h"
#include "io/xml.h"

namespace fovea::io {

namespace {

struct TiffData {
    std::int64_t ifd = -1, count = -1;  // −1: not said
    std::int64_t z = 0, c = 0, t = 0;
};

// The first image of an OME-XML block.
struct OmePixels {
    std::map<std::string, std::string> attributes;
    std::vector<TiffData> data;
    std::vector<std::string> channelNames;
    int samplesPerChannel = 1;
    std::set<std::string> fileNames;
    bool found = false, binaryOnly = false;
};

std::int64_t number(const std::map<std::string, std::string>& attributes, const char* key, std::int64_t otherwise) {
    const auto it = attributes.find(key);
    if (it == attributes.end()) return otherwise;
    char* end = nullptr;
    const long long value = std::strtoll(it->second.c_str(), &end, 10);
    if (it->second.empty() || *end != 0 || value < 0 || value > 100'000'000)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("OME-XML says {key} = “{value}”."), {{"key", key}, {"value", it->second}}});
    return value;
}

OmePixels readPixels(const std::string& xml) {
    OmePixels result;
    bool inside = false;
    const auto open = [&](const XmlElement& e) {
        const auto text = [&](const char* key) {
            return e.attributes.contains(key) ? e.attributes.at(key) : std::string();
        };
        if (e.name == "BinaryOnly") result.binaryOnly = true;
        if (e.name == "Pixels" && !result.found) {
            result.attributes = e.attributes;
            result.found = inside = true;
        } else if (inside && e.name == "Channel") {
            result.channelNames.push_back(text("Name"));
            result.samplesPerChannel =
                int(std::clamp<std::int64_t>(number(e.attributes, "SamplesPerPixel", 1), 1, 4096));
        } else if (inside && e.name == "TiffData") {
            const auto& a = e.attributes;
            const std::int64_t ifd = number(a, "IFD", -1), count = number(a, "PlaneCount", -1);
            result.data.push_back({ifd, count, number(a, "FirstZ", 0), number(a, "FirstC", 0), number(a, "FirstT", 0)});
        } else if (inside && e.name == "UUID" && !text("FileName").empty()) {
            result.fileNames.insert(text("FileName"));
        }
    };
    walkXml(xml, open, [&](const std::string& name) {
        if (name == "Pixels") inside = false;
    });
    return result;
}

Geometry geometryOf(const std::map<std::string, std::string>& attributes) {
    Geometry g;
    for (int a = 0; a < 3; ++a) {
        const std::string key = std::string("PhysicalSize") + "ZYX"[a];
        const auto size = attributes.find(key), unit = attributes.find(key + "Unit");
        const auto factor = unit == attributes.end() ? std::optional<double>(1) : micrometresPer(unit->second);
        const double value = size == attributes.end() ? 0 : std::strtod(size->second.c_str(), nullptr);
        if (factor && std::isfinite(value) && value > 0) {
            g.spacing[a] = value * *factor;
            if (a > 0) g.known = true;
        } else if (a > 0) {
            return Geometry{};
        } else {
            g.spacing[a] = 0;  // set to x below: a single section often has no depth
        }
    }
    if (g.spacing.z == 0) g.spacing.z = g.spacing.x;
    return isSpacing(g.spacing) ? g : Geometry{};
}

struct Sizes {
    std::int64_t z, c, t;
};

// Page of every (t, c, z) by the TiffData blocks.
std::vector<std::int64_t> placePages(const OmePixels& ome, const Sizes& n, const std::string& order,
                                     std::int64_t pages) {
    std::vector<std::int64_t> result(std::size_t(n.t * n.c * n.z), -1);
    std::int64_t nextIfd = 0, placed = 0;
    for (const TiffData& block : ome.data.empty() ? std::vector<TiffData>{{}} : ome.data) {
        const std::int64_t first = block.ifd >= 0 ? block.ifd : nextIfd;
        const std::int64_t count = block.count >= 0 ? block.count : block.ifd >= 0 ? 1 : pages;
        std::map<char, std::int64_t> at{{'Z', block.z}, {'C', block.c / ome.samplesPerChannel}, {'T', block.t}};
        const std::map<char, std::int64_t> size{{'Z', n.z}, {'C', n.c}, {'T', n.t}};
        for (std::int64_t k = 0; k < count && first + k < pages; ++k) {
            if (at['Z'] >= n.z || at['C'] >= n.c || at['T'] >= n.t) break;
            // Millions of blocks that all name the same million planes would never come to an end.
            if (++placed > 4 * pages)
                throw Error(ErrorKind::Format, "its OME-XML names the same planes over and over.");
            result[std::size_t((at['T'] * n.c + at['C']) * n.z + at['Z'])] = first + k;
            for (char axis : order) {
                if (++at[axis] < size.at(axis)) break;
                if (axis == order.back())
                    at[axis] = size.at(axis);  // past the end
                else
                    at[axis] = 0;
            }
        }
        nextIfd = first + count;
    }
    return result;
}

TiffLayout layoutOf(const OmePixels& ome, const TiffHints& hints) {
    if (ome.binaryOnly || ome.fileNames.size() > 1)
        throw Error(ErrorKind::Unsupported,
                    {FOVEA_TR("{path} is one part of an OME-TIFF that spreads over several files. Save it as one "
                              "file, for example with Bio-Formats in ImageJ."),
                     {{"path", hints.path}}});
    if (ome.samplesPerChannel > 1 && ome.samplesPerChannel != hints.samples)
        throw Error(ErrorKind::Format, "its OME-XML and its pages differ in the number of colours.");
    const std::int64_t perPage = std::max(1, hints.samples);
    Sizes n{number(ome.attributes, "SizeZ", 1), number(ome.attributes, "SizeC", 1), number(ome.attributes, "SizeT", 1)};
    n.c = std::max<std::int64_t>(1, n.c / perPage);
    if (n.z < 1 || n.t < 1 || double(n.z) * double(n.c) * double(n.t) > double(hints.pages))
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("its OME-XML promises {planned} planes, the file has {pages}."),
                     {{"planned", toString(Index{n.t, n.c, n.z})}, {"pages", std::to_string(hints.pages)}}});
    std::string order = "ZCT";
    if (const auto it = ome.attributes.find("DimensionOrder"); it != ome.attributes.end()) {
        std::string rest = it->second.starts_with("XY") ? it->second.substr(2) : "";
        std::string sorted = rest;
        std::ranges::sort(sorted);
        if (sorted != "CTZ")
            throw Error(ErrorKind::Format, {FOVEA_TR("its OME-XML has the order “{order}”."), {{"order", it->second}}});
        order = rest;
    }
    TiffLayout layout;
    layout.timepoints = int(n.t), layout.channels = int(n.c), layout.slices = int(n.z);
    layout.format = "ome-tiff";
    layout.geometry = geometryOf(ome.attributes);
    layout.pages = placePages(ome, n, order, hints.pages);
    if (std::ranges::find(layout.pages, -1) != layout.pages.end())
        throw Error(ErrorKind::Format, "its OME-XML does not say where every plane is.");
    if (std::int64_t(ome.channelNames.size()) == n.c * perPage) layout.channelNames = ome.channelNames;
    return layout;
}

}  // namespace

std::optional<TiffLayout> omeLayout(const TiffHints& hints) {
    const std::size_t start = hints.description.find_first_not_of(" \t\r\n");
    if (start == std::string::npos || hints.description[start] != '<' ||
        hints.description.find("<OME") == std::string::npos)
        return std::nullopt;
    try {
        const OmePixels ome = readPixels(hints.description);
        if (!ome.found && !ome.binaryOnly) return std::nullopt;
        return layoutOf(ome, hints);
    } catch (Error& e) {
        throw e.context({FOVEA_TR("reading the OME-XML of {path}"), {{"path", hints.path}}});
    }
}

}  // namespace fovea::io
