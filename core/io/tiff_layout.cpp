#include "io/tiff_layout.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace fovea::io {

namespace {

// Order of nesting, fastest first, as letters of "CZT".
TiffLayout nested(const std::string& fastestFirst, int t, int c, int z, const char* format) {
    TiffLayout layout;
    layout.timepoints = t, layout.channels = c, layout.slices = z;
    layout.format = format;
    std::map<char, std::int64_t> step;
    std::int64_t n = 1;
    for (char axis : fastestFirst) {
        step[axis] = n;
        n *= axis == 'T' ? t : axis == 'C' ? c : z;
    }
    layout.pages.reserve(std::size_t(n));
    for (int it = 0; it < t; ++it)
        for (int ic = 0; ic < c; ++ic)
            for (int iz = 0; iz < z; ++iz) layout.pages.push_back(it * step['T'] + ic * step['C'] + iz * step['Z']);
    return layout;
}

}  // namespace

bool isSpacing(const Vec3& spacing) {
    for (int a = 0; a < 3; ++a)
        if (!std::isfinite(spacing[a]) || spacing[a] <= 0) return false;
    return true;
}

std::optional<double> micrometresPer(const std::string& unit) {
    static const std::map<std::string, double> known{{"nm", 1e-3},
                                                     {"nanometer", 1e-3},
                                                     {"nanometers", 1e-3},
                                                     {"micrometers", 1},
                                                     {"millimeters", 1e3},
                                                     {"um", 1},
                                                     {"µm", 1},
                                                     {"μm", 1},
                                                     {"\xb5m", 1},
                                                     {"micron", 1},
                                                     {"microns", 1},
                                                     {"mm", 1e3},
                                                     {"millimeter", 1e3},
                                                     {"cm", 1e4},
                                                     {"m", 1e6},
                                                     {"Å", 1e-4},
                                                     {"angstrom", 1e-4},
                                                     {"A", 1e-4},
                                                     {"pm", 1e-6},
                                                     {"in", 25400},
                                                     {"inch", 25400},
                                                     {"meter", 1e6},
                                                     {"micrometer", 1},
                                                     {"\\u00B5m", 1},
                                                     {"\\u00b5m", 1},
                                                     {"dm", 1e5},
                                                     {"km", 1e9}};
    const auto it = known.find(unit);
    if (it == known.end()) return std::nullopt;
    return it->second;
}

std::optional<ImageJ> parseImageJ(const TiffHints& hints) {
    if (!hints.description.starts_with("ImageJ=")) return std::nullopt;
    std::map<std::string, std::string> values;
    std::istringstream lines(hints.description);
    for (std::string line; std::getline(lines, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (const auto equals = line.find('='); equals != std::string::npos)
            values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    const auto number = [&](const char* key, double otherwise) {
        const auto it = values.find(key);
        const double value = it == values.end() ? otherwise : std::strtod(it->second.c_str(), nullptr);
        return std::isfinite(value) ? value : otherwise;
    };
    const auto count = [&](const char* key) { return int(std::min(std::max(number(key, 1), 1.0), 1e7)); };
    ImageJ result;
    result.images = count("images");
    result.channels = count("channels"), result.slices = count("slices"), result.frames = count("frames");
    // A stack that names none of the three is slices.
    if (!values.contains("channels") && !values.contains("slices") && !values.contains("frames"))
        result.slices = int(result.images);
    const auto unit = values.contains("unit") ? micrometresPer(values["unit"]) : std::nullopt;
    if (unit && hints.xResolution > 0 && hints.yResolution > 0) {
        Geometry& g = result.geometry;
        g.known = true;
        g.spacing.x = *unit / hints.xResolution;
        g.spacing.y = *unit / hints.yResolution;
        const double depth = std::abs(number("spacing", 0)) * *unit;
        g.spacing.z = depth > 0 ? depth : result.slices > 1 ? *unit : g.spacing.x;
        if (!isSpacing(g.spacing)) g = Geometry{};
    }
    return result;
}

std::optional<TiffLayout> imageJLayout(const TiffHints& hints) {
    const std::optional<ImageJ> imageJ = parseImageJ(hints);
    if (!imageJ) return std::nullopt;
    TiffLayout layout;
    // In floating point: three counts of ten million each are beyond 64 bits.
    if (double(imageJ->channels) * imageJ->slices * imageJ->frames == double(hints.pages))
        layout = nested("CZT", imageJ->frames, imageJ->channels, imageJ->slices, "imagej");
    else if (std::int64_t(imageJ->slices) * imageJ->frames == hints.pages && imageJ->channels == hints.samples)
        layout = nested("CZT", imageJ->frames, 1, imageJ->slices, "imagej");  // colours inside the page
    else
        layout = nested("CZT", 1, 1, int(hints.pages), "imagej");
    layout.geometry = imageJ->geometry;
    return layout;
}

std::optional<TiffLayout> shapedLayout(const TiffHints& hints) {
    if (!hints.description.starts_with("{\"shape\":")) return std::nullopt;
    const nlohmann::json json = nlohmann::json::parse(hints.description, nullptr, false);
    if (!json.is_object() || !json["shape"].is_array()) return std::nullopt;
    std::vector<std::int64_t> leading;
    for (const auto& size : json["shape"]) {
        if (!size.is_number_integer() || size.get<std::int64_t>() < 1 || size.get<std::int64_t>() > 10'000'000)
            return std::nullopt;
        leading.push_back(size.get<std::int64_t>());
    }
    const std::size_t inPage = hints.samples > 1 ? 3 : 2;
    if (leading.size() <= inPage) return std::nullopt;
    leading.resize(leading.size() - inPage);
    std::erase(leading, 1);
    if (leading.size() != 2 || leading[0] * leading[1] != hints.pages) return std::nullopt;
    // Two axes without names: a short one is taken for channels, as in (c, z, y, x) or (z, c, y, x); else time and
    // depth.
    if (leading[0] <= 8 && leading[0] < leading[1]) return nested("ZCT", 1, int(leading[0]), int(leading[1]), "tiff");
    if (leading[1] <= 8 && leading[1] < leading[0]) return nested("CZT", 1, int(leading[1]), int(leading[0]), "tiff");
    return nested("ZCT", int(leading[0]), 1, int(leading[1]), "tiff");
}

TiffLayout plainLayout(const TiffHints& hints) { return nested("ZCT", 1, 1, int(hints.pages), "tiff"); }

}  // namespace fovea::io
