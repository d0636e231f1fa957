#include "nnunet/files.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "data/channel_stack.h"
#include "data/described_image.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::nnunet::CaseFiles;
using plan::nnunet::DatasetJson;
using plan::nnunet::RawCase;

namespace {

const std::string pictures = "NaturalImage2DIO", stacks = "Tiff3DIO";

// Our readers give µm. The number that stood there: of float32 where that is one.
double inFile(double micrometres, double unit) {
    const double plain = micrometres / unit, stored = double(float(plain));
    return stored * unit == micrometres ? stored : plain;
}

// Tiff3DIO's spacing is told by a JSON file beside the image, as <case>.json.
Vec3 besideStack(const fs::path& image) {
    std::string stem = image.filename().string();
    stem = stem.substr(0, stem.rfind('.'));
    const bool numbered = stem.size() > 5 && stem[stem.size() - 5] == '_' &&
                          std::all_of(stem.end() - 4, stem.end(), [](char c) { return c >= '0' && c <= '9'; });
    for (const std::string& name : {numbered ? stem.substr(0, stem.size() - 5) : stem, stem}) {
        const fs::path beside = image.parent_path() / (name + ".json");
        std::error_code error;
        if (!fs::is_regular_file(beside, error)) continue;
        try {
            const auto spacing = file::readJson(beside).at("spacing").get<std::vector<double>>();
            const Vec3 found{spacing.at(0), spacing.at(1), spacing.at(2)};
            if (spacing.size() == 3 && found.z > 0 && found.y > 0 && found.x > 0) return found;
        } catch (const std::exception&) {
        }
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} holds no spacing. It must say {\"spacing\": [z, y, x]}, all "
                                                 "above 0."),
                                        {{"path", beside.string()}}});
    }
    return {1, 1, 1};
}

}  // namespace

Vec3 lengthsInFile(const ImageInfo& info, Vec3 micrometres) {
    return {inFile(micrometres.z, info.lengthUnit), inFile(micrometres.y, info.lengthUnit),
            inFile(micrometres.x, info.lengthUnit)};
}

Vec3 spacingAsRead(const ImageInfo& info, const std::string& reader) {
    if (reader == pictures) return {999, 1, 1};
    if (reader == stacks) return besideStack(info.path);
    if (!info.geometry.known) return info.shape().z == 1 ? Vec3{999, 1, 1} : Vec3{1, 1, 1};
    const Vec3 spacing = lengthsInFile(info, info.geometry.spacing);
    if (info.shape().z == 1 && info.path.ends_with(".png")) return {999, spacing.y, spacing.x};
    return spacing;
}

bool allInOne(const std::string& reader) { return reader == pictures; }

StoredCase openCase(const Files& files, const std::vector<fs::path>& images, const std::string& reader) {
    std::vector<ImagePtr> channels;
    for (const fs::path& path : images) channels.push_back(files.open(path));
    StoredCase one;
    one.spacing = spacingAsRead(channels.at(0)->info(), reader);
    one.image = channels.size() == 1 ? channels[0] : stackChannels(std::move(channels));
    return one;
}

RawCase openTrainingCase(const Files& files, const std::string& name, const CaseFiles& paths,
                         const std::string& reader) {
    const StoredCase stored = openCase(files, paths.images, reader);
    return {name, stored.image, files.open(paths.label), stored.spacing};
}

std::string readerFor(const Files& files, const fs::path& folder, const DatasetJson& dataset) {
    if (!dataset.reader.empty()) return dataset.reader;
    // A picture holds all channels, so that the first file alone decides; its channel number is 0000 either way.
    const auto first = plan::nnunet::listCases(folder, dataset, true).begin()->second.images.at(0);
    const ImagePtr image = files.open(first);  // held: the info is the image's
    const ImageInfo& info = image->info();
    const std::int64_t pages = info.shape().z;
    const bool tiff = first.extension() == ".tif";
    const bool picture = pages == 1 || (tiff && info.channels == 1 && (pages == 3 || pages == 4));
    return plan::nnunet::readerOf(dataset, picture);
}

std::map<std::string, std::vector<fs::path>> imagesToPredict(const fs::path& folder, const DatasetJson& dataset,
                                                             bool oneFile) {
    const std::string& ending = dataset.fileEnding;
    std::map<std::string, std::vector<fs::path>> cases;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const std::size_t cut = ending.size() + 5;
        if (!name.ends_with(ending) || name.size() <= cut || name[name.size() - cut] != '_') continue;
        cases.try_emplace(name.substr(0, name.size() - cut));
    }
    if (error || cases.empty())
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} holds no images to predict. They must be named <case>_0000{ending}, one for "
                              "each channel."),
                     {{"path", folder.string()}, {"ending", ending}}});
    for (auto& [name, images] : cases)
        for (std::size_t c = 0; c < (oneFile ? 1 : dataset.channelNames.size()); ++c) {
            images.push_back(folder / plan::nnunet::channelFile(name, c, ending));
            if (!fs::exists(images.back(), error))
                throw Error(ErrorKind::Missing, {FOVEA_TR("{path} is not there. Every case needs a file for every "
                                                          "channel that the model was trained with."),
                                                 {{"path", images.back().string()}}});
        }
    return cases;
}

void writeLabelMap(const Files& files, const fs::path& path, AnyVolume labels, const ImageInfo& like, Job& job) {
    if (labels.dtype != DType::U8) {
        const auto* values = labels.as<std::uint16_t>();
        if (std::all_of(values, values + labels.shape.count(), [](std::uint16_t label) { return label < 255; }))
            labels = AnyVolume::from(labels.to<std::uint8_t>());
    }
    labels.geometry = like.geometry;
    file::makeFolder(path.parent_path());
    files.writeLabels(path, MemoryImage({std::move(labels)}, path.string()), job);
}

}  // namespace fovea::nnunet
