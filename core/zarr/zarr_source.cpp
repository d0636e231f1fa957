#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "zarr/ome_meta.h"
#include "zarr/ome_zarr.h"
#include "zarr/zarr_array.h"

namespace fovea::zarr {

namespace {

namespace fs = std::filesystem;

class ZarrSource : public ImageSource {
  public:
    ZarrSource(ImageInfo info, std::vector<Array> levels, int timepoint)
        : info_(std::move(info)), levels_(std::move(levels)), timepoint_(timepoint) {}
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        if (level < 0 || level >= int(levels_.size()))
            throw Error(ErrorKind::Internal, {FOVEA_TR("{path} has no level {level}."),
                                              {{"path", info_.path}, {"level", std::to_string(level)}}});
        levels_[std::size_t(level)].read(timepoint_, channel, box, out);
        out.geometry = info_.geometry;
        out.geometry.spacing = info_.levels[std::size_t(level)].spacing;
    }

  private:
    ImageInfo info_;
    std::vector<Array> levels_;
    int timepoint_;
};

[[noreturn]] void failVersion3(const fs::path& path) {
    throw Error(ErrorKind::Unsupported, {FOVEA_TR("{path} is Zarr version 3 (OME-Zarr 0.5), which is not read yet. "
                                                  "Save it as OME-Zarr 0.4 (Zarr version 2), "
                                                  "for example with ome-zarr-py or from napari."),
                                         {{"path", path.string()}}});
}

ImagePtr fromArrays(const fs::path& path, const char* format, std::vector<Array> arrays, const OmeImage& ome,
                    int timepoint) {
    ImageInfo info;
    info.path = path.string();
    info.format = format;
    const Array& first = arrays.front();
    info.dtype = first.meta().dtype;
    const auto fail = [&](const std::string& why) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} cannot be read: {why}. Export it again."),
                                        {{"path", path.string()}, {"why", why}}});
    };
    if (first.channels() > 4096 || first.timepoints() > 10'000'000)
        fail("it claims more channels or time points than any image has");
    info.channels = int(first.channels());
    info.timepoints = int(first.timepoints());
    if (timepoint < 0 || timepoint >= info.timepoints)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {count} time points; there is no number {number}. Count from 0."),
                     {{"path", path.string()},
                      {"count", std::to_string(info.timepoints)},
                      {"number", std::to_string(timepoint)}}});
    info.geometry.known = ome.spacingKnown;
    info.geometry.spacing = ome.levels.front().spacing;
    info.geometry.origin = ome.levels.front().origin;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        const Array& array = arrays[i];
        if (array.meta().dtype != info.dtype || array.channels() != first.channels() ||
            array.timepoints() != first.timepoints())
            fail("its levels differ in type, channels or time points");
        LevelInfo level{array.shape(), ome.levels[i].spacing};
        for (int a = 0; a < 3; ++a) {
            if (i > 0 && level.shape[a] > info.levels.back().shape[a])
                fail("level " + std::to_string(i) + " is larger than the one before");
            if (!ome.spacingKnown)
                level.spacing[a] =
                    info.geometry.spacing[a] * std::round(double(first.shape()[a]) / double(level.shape[a]));
        }
        info.levels.push_back(level);
    }
    if (int(ome.channelNames.size()) == info.channels) info.channelNames = ome.channelNames;
    return std::make_shared<ZarrSource>(std::move(info), std::move(arrays), timepoint);
}

// A link must not lead out of the folder that was chosen.
void checkInside(const fs::path& path, const fs::path& place) {
    const std::string real = fs::weakly_canonical(place).string(), root = fs::weakly_canonical(path).string() + "/";
    if ((real + "/").compare(0, root.size(), root) != 0)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} links to a level outside of its folder ({level}). Copy the image as a whole."),
                     {{"path", path.string()}, {"level", real}}});
}

ImagePtr openOme(const fs::path& path, const nlohmann::json& attributes, int timepoint) {
    const OmeImage ome = parseOme(attributes, path);
    std::vector<Array> arrays;
    for (const OmeLevel& level : ome.levels) {
        const fs::path place = path / level.path;
        if (fs::exists(place / "zarr.json")) failVersion3(path);
        checkInside(path, place);
        arrays.push_back(ome.axesGiven ? Array(place, ome.axes) : Array(place));
        std::vector<int> dims{ome.axes.t, ome.axes.c, ome.axes.z, ome.axes.y, ome.axes.x};
        const std::size_t named = std::size_t(std::ranges::count_if(dims, [](int d) { return d >= 0; }));
        if (ome.axesGiven && arrays.back().meta().dims() != named)
            throw Error(
                ErrorKind::Format,
                {FOVEA_TR(
                     "{path}: “axes” names {axes} axes, its array {level} has {dims} dimensions. Export it again."),
                 {{"path", path.string()},
                  {"axes", std::to_string(named)},
                  {"level", level.path},
                  {"dims", std::to_string(arrays.back().meta().dims())}}});
    }
    return fromArrays(path, "ome-zarr", std::move(arrays), ome, timepoint);
}

ImagePtr openArray(const fs::path& path, int timepoint) {
    OmeImage single;
    single.levels.push_back({"", {1, 1, 1}, {0, 0, 0}});
    std::vector<Array> arrays;
    arrays.emplace_back(path);
    return fromArrays(path, "zarr", std::move(arrays), single, timepoint);
}

ImagePtr openGroup(const fs::path& path, int timepoint, int depth);

// A group that only points at another one, which may do so too, but not round in circles.
ImagePtr openChild(const fs::path& path, const std::string& name, int timepoint, int depth) {
    if (depth >= 4)
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is nested too deeply. Choose the folder of the image itself."),
                                        {{"path", path.string()}}});
    checkInside(path, path / name);
    return openGroup(path / name, timepoint, depth + 1);
}

// A "labels" group lists its images; one is opened, several are named.
ImagePtr openLabels(const fs::path& path, const nlohmann::json& labels, int timepoint, int depth) {
    std::string names;
    for (const auto& name : labels)
        if (name.is_string()) names += (names.empty() ? "" : ", ") + name.get<std::string>();
    if (labels.size() == 1) return openChild(path, safePath(labels[0], path), timepoint, depth);
    throw Error(ErrorKind::Input,
                {FOVEA_TR("{path} holds several label images ({names}). Open one of them, for example {path}/{first}."),
                 {{"path", path.string()}, {"names", names}, {"first", names.substr(0, names.find(','))}}});
}

ImagePtr openGroup(const fs::path& path, int timepoint, int depth) {
    if (!fs::exists(path))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no folder {path}. Check the name."), {{"path", path.string()}}});
    if (!fs::is_directory(path))
        throw Error(ErrorKind::Unsupported, {FOVEA_TR("{path} is not a folder; a zipped Zarr must be unpacked first."),
                                             {{"path", path.string()}}});
    if (fs::exists(path / ".zarray")) return openArray(path, timepoint);
    if (fs::exists(path / "zarr.json")) failVersion3(path);
    const nlohmann::json attributes =
        fs::exists(path / ".zattrs") ? file::readJson(path / ".zattrs") : nlohmann::json::object();
    if (attributes.is_object()) {
        if (attributes.contains("multiscales")) return openOme(path, attributes, timepoint);
        if (attributes.contains("bioformats2raw.layout")) return openChild(path, "0", timepoint, depth);
        if (attributes.contains("labels") && attributes["labels"].is_array())
            return openLabels(path, attributes["labels"], timepoint, depth);
        if (attributes.contains("plate") || attributes.contains("well"))
            throw Error(ErrorKind::Unsupported,
                        {FOVEA_TR("{path} is a plate of many images. Open one field of it, for example {path}/A/1/0."),
                         {{"path", path.string()}}});
    }
    throw Error(ErrorKind::Format,
                {FOVEA_TR("{path} holds no image: neither .zarray nor “multiscales” in .zattrs. Choose the folder of "
                          "the image itself."),
                 {{"path", path.string()}}});
}

}  // namespace

bool isZarr(const fs::path& path) {
    std::error_code none;
    if (!fs::is_directory(path, none)) return false;
    for (const char* file : {".zarray", ".zgroup", ".zattrs", "zarr.json"})
        if (fs::exists(path / file, none)) return true;
    return false;
}

ImagePtr open(const fs::path& path, int timepoint) {
    try {
        return openGroup(path, timepoint, 0);
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} cannot be opened: {why}. Check its name and permissions."),
                                         {{"path", path.string()}, {"why", error.code().message()}}});
    }
}

}  // namespace fovea::zarr
