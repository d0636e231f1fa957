#include "plan/nnunet/dataset_json.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"

namespace fovea::plan::nnunet {

namespace {

using nlohmann::ordered_json;

[[noreturn]] void refuse(Text text) { throw Error(ErrorKind::Input, std::move(text)); }

const ordered_json& required(const ordered_json& json, const char* key) {
    if (!json.contains(key))
        refuse({FOVEA_TR("\"{key}\" is missing. Every dataset.json needs channel_names, labels, numTraining and "
                         "file_ending."),
                {{"key", key}}});
    return json.at(key);
}

std::string textOf(const ordered_json& value, const char* key) {
    if (!value.is_string()) refuse({FOVEA_TR("\"{key}\" must be a text in quotes."), {{"key", key}}});
    return value.get<std::string>();
}

// "modality" is the older name.
const char* channelKey(const ordered_json& json) {
    return json.contains("modality") && !json.contains("channel_names") ? "modality" : "channel_names";
}

std::vector<std::string> channelsFrom(const ordered_json& json) {
    const char* key = channelKey(json);
    const ordered_json& names = required(json, key);
    if (!names.is_object() || names.empty())
        refuse({FOVEA_TR("\"{key}\" must name the channels, as in {example}."),
                {{"key", key}, {"example", R"({"0": "EM"})"}}});
    std::vector<std::string> channels;
    for (const auto& [index, name] : names.items()) channels.push_back(textOf(name, key));
    return channels;
}

std::string endingFrom(const ordered_json& json) {
    const std::string ending = textOf(required(json, "file_ending"), "file_ending");
    const bool plain = ending.size() >= 2 && ending.size() <= 16 && ending.front() == '.' &&
                       std::all_of(ending.begin(), ending.end(),
                                   [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; });
    if (!plain)
        refuse({FOVEA_TR("\"file_ending\" is {ending}. Give the ending of the images with its dot, as in .nii.gz."),
                {{"ending", ending.substr(0, 40)}}});
    return ending;
}

std::int64_t countFrom(const ordered_json& json) {
    const ordered_json& value = required(json, "numTraining");
    const std::int64_t count = value.is_number_integer() ? value.get<std::int64_t>() : -1;
    if (count < 0 || count > 100'000'000) refuse(FOVEA_TR("\"numTraining\" must be the number of training images."));
    return count;
}

std::map<std::string, CaseFiles> casesFrom(const ordered_json& json) {
    std::map<std::string, CaseFiles> cases;
    if (!json.contains("dataset")) return cases;
    if (!json["dataset"].is_object()) refuse(FOVEA_TR("\"dataset\" must name the files of every case."));
    for (const auto& [name, files] : json["dataset"].items()) {
        if (!files.is_object() || !files.contains("images") || !files["images"].is_array() || !files.contains("label"))
            refuse({FOVEA_TR("The case {name} lacks a list of images or a label."), {{"name", name}}});
        CaseFiles& one = cases[name];
        for (const ordered_json& image : files["images"]) one.images.emplace_back(textOf(image, "images"));
        one.label = textOf(files["label"], "label");
    }
    return cases;
}

}  // namespace

DatasetJson datasetFromJson(const ordered_json& json) {
    if (!json.is_object()) refuse(FOVEA_TR("This is no dataset.json: names with values are expected."));
    DatasetJson dataset;
    dataset.channelNames = channelsFrom(json);
    const bool ordered = json.contains("regions_class_order");
    dataset.labels = Labels::fromJson(required(json, "labels"), ordered ? json["regions_class_order"] : ordered_json());
    dataset.numTraining = countFrom(json);
    dataset.fileEnding = endingFrom(json);
    if (const auto reader = json.find("overwrite_image_reader_writer"); reader != json.end() && !reader->is_null())
        dataset.reader = textOf(*reader, "overwrite_image_reader_writer");
    if (dataset.reader == "None") dataset.reader.clear();
    dataset.cases = casesFrom(json);
    dataset.source = json;
    return dataset;
}

DatasetJson loadDatasetJson(const std::filesystem::path& path) {
    const ordered_json json = file::readOrderedJson(path);
    try {
        return datasetFromJson(json);
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

ordered_json toJson(const DatasetJson& dataset) {
    ordered_json json = dataset.source.is_object() ? dataset.source : ordered_json::object();
    ordered_json& channels = json[channelKey(json)];
    if (channels.size() != dataset.channelNames.size()) {
        channels = ordered_json::object();
        for (std::size_t c = 0; c < dataset.channelNames.size(); ++c) channels[std::to_string(c)] = nullptr;
    }
    std::size_t channel = 0;
    for (auto& [index, name] : channels.items()) name = dataset.channelNames[channel++];
    json["labels"] = dataset.labels.toJson();
    if (!dataset.labels.regionsClassOrder().empty()) json["regions_class_order"] = dataset.labels.regionsClassOrder();
    json["numTraining"] = dataset.numTraining;
    json["file_ending"] = dataset.fileEnding;
    if (!dataset.reader.empty()) json["overwrite_image_reader_writer"] = dataset.reader;
    if (dataset.cases.empty()) return json;
    json["dataset"] = ordered_json::object();
    for (const auto& [name, files] : dataset.cases) {
        ordered_json images = ordered_json::array();
        for (const auto& image : files.images) images.push_back(image.string());
        json["dataset"][name] = {{"images", images}, {"label", files.label.string()}};
    }
    return json;
}

void saveDatasetJson(const std::filesystem::path& path, const DatasetJson& dataset) {
    writePythonJson(path, toJson(dataset));
}

void writePythonJson(const std::filesystem::path& path, const ordered_json& json) {
    file::write(path, pythonJson(json));
}

std::string readerOf(const DatasetJson& dataset, bool picture) {
    if (!dataset.reader.empty()) return dataset.reader;
    struct Reader {
        const char* name;
        std::vector<std::string> endings;
        bool picturesOnly = false;
    };
    static const std::array<Reader, 4> readers{{{"NaturalImage2DIO", {".png", ".bmp", ".tif"}, true},
                                                {"SimpleITKIO", {".nii.gz", ".nrrd", ".mha", ".gipl"}},
                                                {"Tiff3DIO", {".tif", ".tiff"}},
                                                {"NibabelIO", {".nii.gz", ".nii"}}}};
    for (const Reader& reader : readers)
        if ((picture || !reader.picturesOnly) && std::ranges::count(reader.endings, dataset.fileEnding))
            return reader.name;
    throw Error(ErrorKind::Unsupported, {FOVEA_TR("nnU-Net reads no {ending} files like these. Convert the images to "
                                                  ".nii.gz, .nrrd, .mha or .tif."),
                                         {{"ending", dataset.fileEnding}}});
}

}  // namespace fovea::plan::nnunet
