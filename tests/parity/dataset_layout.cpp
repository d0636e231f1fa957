#include "parity/dataset_layout.h"

#include <cctype>

#include "base/file.h"
#include "data/channel_stack.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

namespace {

using plan::nnunet::RawCase;

// "raw/%02d.png" with a number in it.
std::string numbered(const std::string& pattern, std::int64_t number) {
    const std::size_t begin = pattern.find('%'), end = pattern.find('d', begin);
    if (end == std::string::npos) throw Error(ErrorKind::Format, {"{pattern} has no number", {{"pattern", pattern}}});
    const std::size_t width = end > begin + 1 ? std::size_t(std::stoi(pattern.substr(begin + 1, end - begin - 1))) : 0;
    std::string digits = std::to_string(number);
    if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
    return pattern.substr(0, begin) + digits + pattern.substr(end + 1);
}

template <class T>
Volume<T> stacked(const GoldenCase& golden, const json& source) {
    const auto range = wholeNumbers(member(source, "range"));
    Volume<T> volume;
    for (std::int64_t i = range.at(0); i < range.at(1); ++i) {
        const auto path = golden.shared / "data" / numbered(source.at("slices").get<std::string>(), i);
        const auto section = openImageFile(path)->readAll<T>();
        if (volume.empty()) volume = Volume<T>({range.at(1) - range.at(0), section.shape().y, section.shape().x});
        copyBox(section, section.box(), volume, {i - range.at(0), 0, 0});
    }
    return volume;
}

template <class T>
Volume<T> sourceVolume(const GoldenCase& golden, const json& source) {
    if (source.contains("slices")) return stacked<T>(golden, source);
    const ImagePtr image = openImageFile(golden.shared / "data" / member(source, "file").get<std::string>());
    return image->readAll<T>(source.value("take_axis1", 0));
}

Index indexAt(const json& bounds, int side) {
    Index index;
    for (int axis = 0; axis < 3; ++axis) index[axis] = wholeNumber(bounds.at(std::size_t(axis)).at(std::size_t(side)));
    return index;
}

Box boxOf(const json& bounds) { return {indexAt(bounds, 0), indexAt(bounds, 1)}; }

template <class T>
ImagePtr cutOut(const Volume<T>& volume, const json& one) {
    Volume<T> part = crop(volume, boxOf(member(one, "box")));
    if (one.contains("zero_outside") && !one["zero_outside"].is_null()) {
        const Box kept = boxOf(one["zero_outside"]);
        Volume<T> masked(part.shape());
        copyBox(part, kept, masked, kept.begin);
        part = std::move(masked);
    }
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(part)},
                                         member(one, "name").get<std::string>());
}

std::vector<RawCase> stacks(const GoldenCase& golden, const json& layout) {
    std::vector<Volume<float>> channels;
    for (const json& source : layout.at("sources").at("channels"))
        channels.push_back(sourceVolume<float>(golden, source));
    Volume<std::int32_t> label(channels.at(0).shape());
    for (const json& source : layout.at("sources").at("label")) {
        const auto part = sourceVolume<std::int32_t>(golden, source);
        for (std::int64_t i = 0; i < label.size(); ++i)
            if (part.data()[i] > 0) label.data()[i] = std::int32_t(wholeNumber(member(source, "value")));
    }
    std::vector<RawCase> cases;
    for (const json& one : layout.at("cases")) {
        std::vector<ImagePtr> parts;
        for (const Volume<float>& channel : channels) parts.push_back(cutOut(channel, one));
        RawCase result{one.at("name"), stackChannels(std::move(parts)), cutOut(label, one), {}};
        for (int axis = 0; axis < 3; ++axis) result.spacing[axis] = realNumber(one.at("spacing").at(std::size_t(axis)));
        cases.push_back(std::move(result));
    }
    return cases;
}

// The path at the front of a sentence, with <name> replaced.
std::string pathIn(const json& sentence, const std::string& name) {
    std::string path = sentence.get<std::string>();
    path = path.substr(0, path.find_first_of(" ;"));
    if (const std::size_t at = path.find("<name>"); at != std::string::npos) path.replace(at, 6, name);
    return path;
}

std::vector<RawCase> pictures(const GoldenCase& golden, const json& layout) {
    std::vector<RawCase> cases;
    for (const std::string name : layout.at("names")) {
        const ImagePtr image = openImageFile(golden.shared / "data" / pathIn(layout.at("source_image"), name));
        auto label =
            openImageFile(golden.shared / "data" / pathIn(layout.at("source_label"), name))->readAll<std::int32_t>();
        for (std::int32_t& value : label) value = value > 0;
        cases.push_back({name,
                         image,
                         std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(label)}, name),
                         {999, 1, 1}});
    }
    return cases;
}

}  // namespace

DatasetLayout readLayout(const GoldenCase& golden, const json& path, bool images) {
    const nlohmann::ordered_json layout = file::readOrderedJson(golden.folder / path.get<std::string>());
    try {
        DatasetLayout result;
        result.name = layout.at("dataset");
        result.json = plan::nnunet::datasetFromJson(layout.at("dataset_json"));
        result.pictures = layout.contains("source_image");
        if (images) result.cases = result.pictures ? pictures(golden, layout) : stacks(golden, layout);
        return result;
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {"{path}: {why}", {{"path", path.dump()}, {"why", error.what()}}});
    }
}

}  // namespace fovea::parity
