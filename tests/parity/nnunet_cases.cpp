#include "parity/nnunet_cases.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/file.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

namespace {

using nlohmann::ordered_json;

// dataset_json.labels as it stands in the manifest: the order of regions counts, and json sorts its keys.
ordered_json orderedLabels(const GoldenCase& golden) {
    static std::map<std::string, std::map<std::string, ordered_json>> manifests;
    auto& cases = manifests[golden.folder.string()];
    if (cases.empty()) {
        const ordered_json manifest = ordered_json::parse(file::read(golden.folder / "manifest.json"));
        for (const ordered_json& entry : manifest.at("cases"))
            if (entry.contains("config") && entry["config"].contains("dataset_json"))
                cases[entry.at("id").get<std::string>()] = entry["config"]["dataset_json"].at("labels");
    }
    return cases.at(golden.id);
}

Box boxFrom(const json& pairs) {
    Box box;
    for (int axis = 0; axis < 3; ++axis) {
        box.begin[axis] = wholeNumber(pairs.at(std::size_t(axis)).at(0));
        box.end[axis] = wholeNumber(pairs.at(std::size_t(axis)).at(1));
    }
    return box;
}

// An image file, or slices of one numbered by a pattern, in one channel.
template <class T, class Read>
Volume<T> readSource(const GoldenCase& golden, const json& source, Read&& read) {
    const std::filesystem::path data = golden.shared / "data";
    if (source.contains("file")) return read(data / source["file"].get<std::string>());
    const auto pattern = member(source, "slices").get<std::string>();
    const std::int64_t begin = wholeNumber(source.at("range").at(0)), end = wholeNumber(source.at("range").at(1));
    Volume<T> stack;
    for (std::int64_t i = begin; i < end; ++i) {
        char name[256];
        std::snprintf(name, sizeof name, pattern.c_str(), int(i));
        const Volume<T> slice = read(data / name);
        if (stack.empty()) stack = Volume<T>({end - begin, slice.shape().y, slice.shape().x});
        copyBox(slice, slice.box(), stack, {i - begin, 0, 0});
    }
    return stack;
}

template <class T>
Volume<T> cut(const Volume<T>& volume, const json& entry) {
    Volume<T> part = crop(volume, boxFrom(entry.at("box")));
    if (!entry.contains("zero_outside") || entry["zero_outside"].is_null()) return part;
    const Box inside = boxFrom(entry["zero_outside"]);
    Volume<T> masked(part.shape());
    copyBox(part, inside, masked, inside.begin);
    return masked;
}

DatasetCase blockCase(const GoldenCase& golden, const json& layout, const json& entry) {
    DatasetCase result;
    for (const json& source : layout.at("sources").at("channels")) {
        const int channel = source.value("take_axis1", 0);
        result.channels.push_back(cut(
            readSource<float>(golden, source, [&](const auto& path) { return readImageFile(path, channel); }), entry));
    }
    for (const json& source : layout.at("sources").at("label")) {
        const auto ids = cut(readSource<std::int64_t>(golden, source, readLabelFile), entry);
        if (result.labels.empty()) result.labels = Volume<std::int32_t>(ids.shape());
        for (std::int64_t i = 0; i < ids.size(); ++i)
            if (ids.data()[i] > 0) result.labels.data()[i] = std::int32_t(wholeNumber(source.at("value")));
    }
    for (int axis = 0; axis < 3; ++axis) result.spacing[axis] = realNumber(entry.at("spacing").at(std::size_t(axis)));
    return result;
}

// The pictures of the data set of nuclei.
DatasetCase pictureCase(const GoldenCase& golden, const std::string& name) {
    const std::filesystem::path folder = golden.shared / "data" / "dsb2018_subset";
    DatasetCase result;
    result.channels.push_back(readImageFile(folder / "images" / (name + ".png"), 0));
    const Volume<std::int64_t> ids = readLabelFile(folder / "labels" / (name + ".tif"));
    result.labels = Volume<std::int32_t>(ids.shape());
    std::transform(ids.begin(), ids.end(), result.labels.begin(), [](std::int64_t id) { return id > 0 ? 1 : 0; });
    result.spacing = {999, 1, 1};
    return result;
}

}  // namespace

std::string tupleName(const std::vector<std::int32_t>& labels) {
    std::string text = "(";
    for (std::size_t i = 0; i < labels.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(labels[i]);
    return text + (labels.size() == 1 ? ",)" : ")");
}

CaseLabels caseLabels(const GoldenCase& golden) {
    CaseLabels result;
    const ordered_json labels = orderedLabels(golden);
    const bool regions = std::any_of(labels.begin(), labels.end(),
                                     [](const ordered_json& value) { return value.is_array() && value.size() > 1; });
    result.all = {0};
    for (const auto& [name, value] : labels.items()) {
        if (name == "ignore") {
            result.ignore = value.get<std::int32_t>();
            continue;
        }
        const auto members = value.is_array() ? value.get<std::vector<std::int32_t>>()
                                              : std::vector<std::int32_t>{value.get<std::int32_t>()};
        result.all.insert(result.all.end(), members.begin(), members.end());
        if (!regions || name == "background") continue;
        result.classes.push_back(members);
        result.names.push_back(value.is_array() ? tupleName(members) : std::to_string(members[0]));
    }
    std::sort(result.all.begin(), result.all.end());
    result.all.erase(std::unique(result.all.begin(), result.all.end()), result.all.end());
    const json& dataset = golden.option("dataset_json");
    if (regions)
        for (const std::int64_t label : wholeNumbers(member(dataset, "regions_class_order")))
            result.regionLabels.push_back(std::int32_t(label));
    else
        for (const std::int32_t label : result.all)
            if (label != 0) result.classes.push_back({label}), result.names.push_back(std::to_string(label));
    return result;
}

DatasetCase datasetCase(const GoldenCase& golden, const std::string& layoutFile, const std::string& name) {
    const json layout = file::readJson(golden.folder / layoutFile);
    if (layout.contains("names")) return pictureCase(golden, name);
    for (const json& entry : layout.at("cases"))
        if (entry.at("name") == name) return blockCase(golden, layout, entry);
    throw Error(ErrorKind::Format, {"{file} has no case {name}", {{"file", layoutFile}, {"name", name}}});
}

}  // namespace fovea::parity
