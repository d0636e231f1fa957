#include "zarr/ome_meta.h"

#include <cmath>
#include <map>

namespace fovea::zarr {

namespace {

using nlohmann::json;

constexpr std::size_t kMostLevels = 64;  // halving 2⁶³ voxels needs no more

[[noreturn]] void fail(ErrorKind kind, const std::filesystem::path& where, const std::string& why) {
    throw Error(
        kind,
        {FOVEA_TR(
             "The OME-Zarr image {path} cannot be read: {why}. Check its .zattrs or export it again as OME-Zarr 0.4."),
         {{"path", where.string()}, {"why", why}}});
}

double unitToMicrometre(const std::string& unit, const std::filesystem::path& where) {
    static const std::map<std::string, double> known{
        {"angstrom", 1e-4},  {"picometer", 1e-6}, {"nanometer", 1e-3}, {"micrometer", 1}, {"micron", 1},
        {"millimeter", 1e3}, {"centimeter", 1e4}, {"decimeter", 1e5},  {"meter", 1e6},    {"inch", 25400},
        {"µm", 1},           {"um", 1},           {"nm", 1e-3},        {"mm", 1e3},       {"foot", 304800},
        {"yard", 914400},    {"femtometer", 1e-9}};
    const auto it = known.find(unit);
    if (it == known.end()) fail(ErrorKind::Unsupported, where, "the length unit “" + unit + "” is not known");
    return it->second;
}

struct Axes {
    std::vector<std::string> names;
    std::vector<double> toMicrometre;  // 1 where no unit is given
    bool unitKnown = false;
};

Axes parseAxes(const json& axes, const std::filesystem::path& where) {
    if (!axes.is_array() || axes.size() < 2 || axes.size() > 5)
        fail(ErrorKind::Format, where, "“axes” must list 2 to 5 axes");
    Axes result;
    for (const json& axis : axes) {
        const json& name = axis.is_object() && axis.contains("name") ? axis["name"] : axis;
        if (!name.is_string()) fail(ErrorKind::Format, where, "an axis has no name");
        result.names.push_back(name.get<std::string>());
        double factor = 1;
        const bool spatial = result.names.back() == "z" || result.names.back() == "y" || result.names.back() == "x";
        if (spatial && axis.is_object() && axis.contains("unit") && axis["unit"].is_string()) {
            factor = unitToMicrometre(axis["unit"].get<std::string>(), where);
            result.unitKnown = true;
        }
        result.toMicrometre.push_back(factor);
    }
    return result;
}

AxisMap mapAxes(const Axes& axes, const std::filesystem::path& where) {
    AxisMap map;
    for (std::size_t i = 0; i < axes.names.size(); ++i) {
        const std::string& n = axes.names[i];
        int* slot = n == "t"   ? &map.t
                    : n == "c" ? &map.c
                    : n == "z" ? &map.z
                    : n == "y" ? &map.y
                    : n == "x" ? &map.x
                               : nullptr;
        if (!slot) fail(ErrorKind::Unsupported, where, "the axis “" + n + "” is none of t, c, z, y, x");
        if (*slot >= 0) fail(ErrorKind::Format, where, "the axis “" + n + "” is named twice");
        *slot = int(i);
    }
    if (map.y < 0 || map.x < 0) fail(ErrorKind::Format, where, "the axes y and x must be there");
    return map;
}

// Multiplies scales and adds translations of a list of transformations onto `scale` and `shift` (one per axis).
void apply(const json& transformations, std::vector<double>& scale, std::vector<double>& shift, bool& any,
           const std::filesystem::path& where) {
    if (transformations.is_null()) return;
    if (!transformations.is_array()) fail(ErrorKind::Format, where, "“coordinateTransformations” is not a list");
    for (const json& step : transformations) {
        const std::string type = step.is_object() ? step.value("type", json("")).dump() : "";
        if (type == "\"identity\"") continue;
        if (type != "\"scale\"" && type != "\"translation\"")
            fail(ErrorKind::Unsupported, where,
                 "the coordinate transformation " + type + " is neither scale nor translation");
        const std::string key = type.substr(1, type.size() - 2);
        if (!step.contains(key) || !step[key].is_array())
            fail(ErrorKind::Unsupported, where, "a " + key + " keeps its numbers in another file");
        if (step[key].size() != scale.size())
            fail(ErrorKind::Format, where,
                 "a " + key + " has " + std::to_string(step[key].size()) + " entries for " +
                     std::to_string(scale.size()) + " axes");
        for (std::size_t i = 0; i < scale.size(); ++i) {
            if (!step[key][i].is_number()) fail(ErrorKind::Format, where, "a " + key + " holds " + step[key][i].dump());
            const double value = step[key][i].get<double>();
            if (!std::isfinite(value) || (key == "scale" && value <= 0))
                fail(ErrorKind::Format, where, "a " + key + " holds " + step[key][i].dump());
            if (key == "scale")
                scale[i] *= value, shift[i] *= value, any = true;
            else
                shift[i] += value;
        }
    }
}

std::vector<std::string> channelNames(const json& attributes) {
    std::vector<std::string> result;
    if (!attributes.contains("omero") || !attributes["omero"].is_object()) return result;
    const json channels = attributes["omero"].value("channels", json::array());
    if (!channels.is_array()) return result;
    for (const json& channel : channels)
        result.push_back(channel.is_object() && channel.contains("label") && channel["label"].is_string()
                             ? channel["label"].get<std::string>()
                             : std::string());
    return result;
}

}  // namespace

std::string safePath(const json& value, const std::filesystem::path& where) {
    if (!value.is_string()) fail(ErrorKind::Format, where, "a dataset has no path");
    const std::string text = value.get<std::string>();
    const std::filesystem::path path(text);
    if (text.empty() || text.find('\0') != std::string::npos || path.is_absolute())
        fail(ErrorKind::Format, where, "the dataset path “" + text + "” is not allowed");
    for (const auto& part : path)
        if (part == "..") fail(ErrorKind::Format, where, "the dataset path “" + text + "” leaves the image");
    return text;
}

OmeImage parseOme(const json& attributes, const std::filesystem::path& where) {
    const json& all = attributes.at("multiscales");
    if (!all.is_array() || all.empty() || !all[0].is_object()) fail(ErrorKind::Format, where, "“multiscales” is empty");
    const json& image = all[0];
    if (!image.contains("datasets") || !image["datasets"].is_array() || image["datasets"].empty())
        fail(ErrorKind::Format, where, "“datasets” is empty");
    if (image["datasets"].size() > kMostLevels)
        fail(ErrorKind::Format, where, "it claims " + std::to_string(image["datasets"].size()) + " levels");
    OmeImage result;
    Axes axes;
    result.axesGiven = image.contains("axes");
    if (result.axesGiven) {
        axes = parseAxes(image["axes"], where);
        result.axes = mapAxes(axes, where);
    }
    bool scaled = false;
    for (const json& dataset : image["datasets"]) {
        if (!dataset.is_object()) fail(ErrorKind::Format, where, "a dataset is not an object");
        OmeLevel level;
        level.path = safePath(dataset.value("path", json()), where);
        if (result.axesGiven) {
            std::vector<double> scale(axes.names.size(), 1), shift(axes.names.size(), 0);
            apply(dataset.value("coordinateTransformations", json()), scale, shift, scaled, where);
            apply(image.value("coordinateTransformations", json()), scale, shift, scaled, where);
            for (int a = 0; a < 3; ++a) {
                const int dim = result.axes.spatial(a);
                if (dim < 0) continue;
                level.spacing[a] = scale[std::size_t(dim)] * axes.toMicrometre[std::size_t(dim)];
                level.origin[a] = shift[std::size_t(dim)] * axes.toMicrometre[std::size_t(dim)];
                // Sound numbers may still have a product that is not.
                if (!std::isfinite(level.spacing[a]) || level.spacing[a] <= 0 || !std::isfinite(level.origin[a]))
                    fail(ErrorKind::Format, where, "its scales and translations multiply to nothing sensible");
            }
        }
        result.levels.push_back(std::move(level));
    }
    const Vec3 unit{1, 1, 1};
    result.spacingKnown = scaled && (axes.unitKnown || result.levels.front().spacing != unit);
    result.channelNames = channelNames(attributes);
    return result;
}

json omeAttributes(const std::string& name, const std::vector<OmeLevelText>& levels, bool channels, bool known,
                   const std::vector<std::string>& names, bool labels) {
    json axes = json::array();
    if (channels) axes.push_back({{"name", "c"}, {"type", "channel"}});
    for (const char* axis : {"z", "y", "x"}) {
        axes.push_back({{"name", axis}, {"type", "space"}});
        if (known) axes.back()["unit"] = "micrometer";
    }
    json datasets = json::array();
    for (const OmeLevelText& level : levels) {
        std::vector<double> scale{level.spacing.z, level.spacing.y, level.spacing.x};
        std::vector<double> shift{level.origin.z, level.origin.y, level.origin.x};
        if (channels) scale.insert(scale.begin(), 1), shift.insert(shift.begin(), 0);
        datasets.push_back(
            {{"path", level.path},
             {"coordinateTransformations",
              {{{"type", "scale"}, {"scale", scale}}, {{"type", "translation"}, {"translation", shift}}}}});
    }
    json result{{"multiscales",
                 {{{"version", "0.4"},
                   {"name", name},
                   {"axes", axes},
                   {"datasets", datasets},
                   {"type", labels ? "mode" : "mean"}}}}};
    if (labels) result["image-label"] = {{"version", "0.4"}};
    if (!names.empty()) {
        json list = json::array();
        for (const std::string& channel : names)
            list.push_back({{"label", channel}, {"active", true}, {"color", "FFFFFF"}});
        result["omero"] = {{"version", "0.4"}, {"channels", list}};
    }
    return result;
}

}  // namespace fovea::zarr
