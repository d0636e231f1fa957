#include "plan/nnunet/raw_dataset.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/error.h"

namespace fovea::plan::nnunet {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(Text text) { throw Error(ErrorKind::Input, std::move(text)); }

// "$NAME" and "${NAME}"; what is not set stays as it is.
std::string withVariables(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t begin = i + 1, end = begin, next = begin;
        if (text[i] == '$' && begin < text.size() && text[begin] == '{') {
            end = text.find('}', ++begin);
            next = end + 1;
        } else if (text[i] == '$') {
            while (end < text.size() && (std::isalnum((unsigned char)text[end]) || text[end] == '_')) ++end;
            next = end;
        }
        const bool named = end != std::string::npos && end > begin;
        const char* value = named ? std::getenv(text.substr(begin, end - begin).c_str()) : nullptr;
        if (value)
            result += value, i = next;
        else
            result += text[i++];
    }
    return result;
}

void checkThere(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} is not there. Every case needs its label and a file for every "
                              "channel."),
                     {{"path", path.string()}}});
}

// <case>_<4 digits><ending> → case.
std::set<std::string> caseNames(const fs::path& images, const std::string& ending) {
    std::set<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(images, error)) {
        const std::string file = entry.path().filename().string();
        if (!file.ends_with(ending)) continue;
        const std::size_t cut = ending.size() + 5;
        if (file.size() <= cut || file[file.size() - cut] != '_')
            refuse({FOVEA_TR("{path} has no channel number. Name images <case>_0000{ending}, <case>_0001{ending}, …"),
                    {{"path", entry.path().string()}, {"ending", ending}}});
        names.insert(file.substr(0, file.size() - cut));
    }
    if (error)
        throw Error(ErrorKind::Missing, {FOVEA_TR("The folder {path} cannot be read: {why}. A data set keeps its "
                                                  "training images there."),
                                         {{"path", images.string()}, {"why", error.message()}}});
    return names;
}

template <class T>
void checkNumbers(const T* values, std::int64_t count, const std::string& path) {
    for (std::int64_t i = 0; i < count; ++i)
        if (!std::isfinite(values[i]))
            refuse({FOVEA_TR("{path} holds values that are not numbers. Replace them, for example by 0."),
                    {{"path", path}}});
}

void checkLabels(const Volume<std::int32_t>& label, const Labels& labels, const std::string& path) {
    const std::int32_t most = labels.all().back();
    std::vector<std::uint8_t> known(std::size_t(most) + 2, 0);
    for (const std::int32_t value : labels.all()) known[std::size_t(value)] = 1;
    known.back() = labels.ignore().has_value();
    for (const std::int32_t value : label)
        if (value < 0 || value > most + 1 || !known[std::size_t(value)])
            refuse({FOVEA_TR("{path} holds the label {value}, which dataset.json does not name. Add it there or, if "
                             "every object has a number of its own, give all objects of one kind the same label."),
                    {{"path", path}, {"value", std::to_string(value)}}});
}

}  // namespace

std::string channelFile(const std::string& name, std::size_t channel, const std::string& ending) {
    const std::string number = std::to_string(channel);
    return name + "_" + std::string(number.size() < 4 ? 4 - number.size() : 0, '0') + number + ending;
}

std::map<std::string, CaseFiles> listCases(const fs::path& folder, const DatasetJson& dataset, bool allInOne) {
    std::map<std::string, CaseFiles> cases = dataset.cases;
    for (auto& [name, files] : cases) {
        for (fs::path& image : files.images) image = folder / withVariables(image.string());
        files.label = folder / withVariables(files.label.string());
    }
    if (cases.empty())
        for (const std::string& name : caseNames(folder / "imagesTr", dataset.fileEnding)) {
            CaseFiles& files = cases[name];
            for (std::size_t c = 0; c < (allInOne ? 1 : dataset.channelNames.size()); ++c)
                files.images.push_back(folder / "imagesTr" / channelFile(name, c, dataset.fileEnding));
            files.label = folder / "labelsTr" / (name + dataset.fileEnding);
        }
    for (const auto& [name, files] : cases) {
        for (const fs::path& image : files.images) checkThere(image);
        checkThere(files.label);
    }
    if (cases.empty() || std::int64_t(cases.size()) != dataset.numTraining)
        refuse({FOVEA_TR("{path} holds {n} training cases, dataset.json says {want}. Correct numTraining, or look for "
                         "files of another ending than {ending}."),
                {{"path", folder.string()},
                 {"n", std::to_string(cases.size())},
                 {"want", std::to_string(dataset.numTraining)},
                 {"ending", dataset.fileEnding}}});
    return cases;
}

void checkShapes(const RawCase& one, const DatasetJson& dataset) {
    if (!one.image || !one.label) refuse({FOVEA_TR("The case {name} has no image or no label."), {{"name", one.name}}});
    const ImageInfo &image = one.image->info(), &label = one.label->info();
    if (std::size_t(image.channels) != dataset.channelNames.size())
        refuse({FOVEA_TR("The case {name} has {n} channels, dataset.json names {want}."),
                {{"name", one.name},
                 {"n", std::to_string(image.channels)},
                 {"want", std::to_string(dataset.channelNames.size())}}});
    if (!(image.shape() == label.shape()))
        refuse({FOVEA_TR("The label {label} is {a} voxels, the image {path} {b}. Both need equal shapes."),
                {{"label", label.path},
                 {"a", toString(label.shape())},
                 {"path", image.path},
                 {"b", toString(image.shape())}}});
}

void checkCase(const RawCase& one, const DatasetJson& dataset, Job& job) {
    checkShapes(one, dataset);
    forEachSlab(Box::of(one.image->info().shape()), job, [&](const Box& slab) {
        for (int channel = 0; channel < one.image->info().channels; ++channel) readChannel(one, channel, slab);
        checkLabels(readLabel(one, slab), dataset.labels, one.label->info().path);
    });
}

Volume<float> readChannel(const RawCase& one, int channel, const Box& box) {
    Volume<float> values = one.image->readAs<float>(box, channel);
    checkNumbers(values.data(), values.size(), one.image->info().path);
    return values;
}

Volume<std::int32_t> readLabel(const RawCase& one, const Box& box) {
    const AnyVolume stored = one.label->read(0, 0, box);
    if (stored.dtype != DType::F32 && stored.dtype != DType::F64) return stored.to<std::int32_t>();
    const Volume<double> values = stored.to<double>();
    checkNumbers(values.data(), values.size(), one.label->info().path);
    Volume<std::int32_t> label(values.shape());
    for (std::int64_t i = 0; i < label.size(); ++i)
        label.data()[i] = std::int32_t(std::clamp(std::nearbyint(values.data()[i]), -1e9, 1e9));
    return label;
}

}  // namespace fovea::plan::nnunet
