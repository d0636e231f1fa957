#include "nnunet/preprocessed_case.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "data/tables.h"
#include "nnunet/label_maps.h"
#include "tensorfile/npy.h"
#include "zarr/ome_zarr.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using plan::CaseProperties;
using tensorfile::Tensor;

namespace {

// Collects planes until a row of chunks is full.
template <class T>
class PlaneWriter {
  public:
    PlaneWriter(const fs::path& path, Index shape, int channels) : shape_(shape) {
        zarr::Layout layout;
        layout.dtype = dtypeOf<T>();
        layout.shape = shape;
        layout.channels = channels;
        // Patches of thin stacks and of pictures lie in few planes.
        layout.chunk = shape.z == 1 ? Index{1, 256, 256} : Index{8, 128, 128};
        depth_ = std::min(layout.chunk.z, shape.z);
        writer_ = std::make_unique<zarr::Writer>(path, layout);
        buffer_ = Volume<T>({depth_, shape.y, shape.x});
    }
    void take(int channel, std::int64_t begin, std::int64_t end, const T* planes) {
        const std::int64_t plane = shape_.y * shape_.x;
        for (std::int64_t z = begin; z < end; ++z) {
            std::copy_n(planes + (z - begin) * plane, plane, buffer_.data() + (z % depth_) * plane);
            if ((z + 1) % depth_ == 0 || z + 1 == shape_.z) flush(channel, z);
        }
    }

  private:
    void flush(int channel, std::int64_t last) {
        const std::int64_t first = last / depth_ * depth_, count = last + 1 - first;
        writer_->write(channel, {first, 0, 0},
                       count == depth_ ? buffer_ : crop(buffer_, {{0, 0, 0}, {count, shape_.y, shape_.x}}));
    }

    Index shape_;
    std::int64_t depth_ = 1;
    std::unique_ptr<zarr::Writer> writer_;
    Volume<T> buffer_;
};

class CaseSink : public plan::PreprocessSink {
  public:
    explicit CaseSink(fs::path folder) : folder_(std::move(folder)) {}
    void begin(Index shape, int channels) override {
        image_.emplace(folder_ / "image.zarr", shape, channels);
        labels_.emplace(folder_ / "labels.zarr", shape, 1);
    }
    void labels(std::int64_t begin, std::int64_t end, const std::int16_t* planes) override {
        labels_->take(0, begin, end, planes);
    }
    void image(int channel, std::int64_t begin, std::int64_t end, const float* planes) override {
        image_->take(channel, begin, end, planes);
    }

  private:
    fs::path folder_;
    std::optional<PlaneWriter<float>> image_;
    std::optional<PlaneWriter<std::int16_t>> labels_;
};

// Rows of key, z, y, x.
Tensor table(const std::vector<std::vector<Index>>& locations) {
    std::vector<std::int32_t> rows;
    for (std::size_t k = 0; k < locations.size(); ++k)
        for (const Index& at : locations[k])
            for (const std::int64_t v : {std::int64_t(k), at.z, at.y, at.x}) rows.push_back(std::int32_t(v));
    return Tensor::from({std::int64_t(rows.size() / 4), 4}, rows);
}

std::vector<std::vector<Index>> locationsOf(const Tensor& table, std::size_t keys, Index shape, const fs::path& path) {
    std::vector<std::vector<Index>> locations(keys);
    const auto rows = table.toInt();
    for (std::size_t i = 0; i + 3 < rows.size(); i += 4) {
        const Index at{rows[i + 1], rows[i + 2], rows[i + 3]};
        if (rows[i] < 0 || std::size_t(rows[i]) >= keys || !Box::of(shape).contains(at))
            throw Error(ErrorKind::Format,
                        {FOVEA_TR("{path} is damaged. Preprocess again."), {{"path", path.string()}}});
        locations[std::size_t(rows[i])].push_back(at);
    }
    return locations;
}

nlohmann::json triple(const Index& v) { return {v.z, v.y, v.x}; }

Index indexFrom(const nlohmann::json& json) { return {json.at(0), json.at(1), json.at(2)}; }

}  // namespace

std::vector<plan::ClassKey> classKeys(const plan::nnunet::Labels& labels) {
    std::vector<plan::ClassKey> keys;
    if (labels.hasRegions())
        for (const auto& region : labels.regions()) keys.push_back(region.values);
    else
        for (const std::int32_t label : labels.foreground()) keys.push_back({label});
    if (labels.ignore()) {
        plan::ClassKey known{-1};
        known.insert(known.end(), labels.all().begin(), labels.all().end());
        keys.push_back(std::move(known));
    }
    return keys;
}

void writePreprocessed(const fs::path& folder, const plan::PreprocessInput& input, const plan::PreprocessRule& rule,
                       Job& job) {
    replaceFolder(folder, [&](const fs::path& staged) {
        CaseSink sink(staged);
        const CaseProperties done = plan::preprocessCase(input, rule, sink, job);
        tensorfile::writeNpy(staged / "locations.npy", table(done.classLocations));
        file::writeJson(staged / "case.json",
                        {{"spacing", {done.spacing.z, done.spacing.y, done.spacing.x}},
                         {"shape_before_cropping", triple(done.wholeShape)},
                         {"crop", {{"begin", triple(done.crop.begin)}, {"end", triple(done.crop.end)}}},
                         {"keys", done.classLocations.size()}});
    });
}

bool isPreprocessed(const fs::path& folder) {
    std::error_code error;
    return fs::is_regular_file(folder / "case.json", error);
}

PreprocessedCase openPreprocessed(const fs::path& folder) {
    if (!isPreprocessed(folder))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} is not there. Preprocess the data set first."), {{"path", folder.string()}}});
    PreprocessedCase one;
    one.image = zarr::open(folder / "image.zarr");
    one.labels = zarr::open(folder / "labels.zarr");
    try {
        const nlohmann::json json = file::readJson(folder / "case.json");
        const auto& spacing = json.at("spacing");
        one.properties.spacing = {spacing.at(0), spacing.at(1), spacing.at(2)};
        one.properties.wholeShape = indexFrom(json.at("shape_before_cropping"));
        one.properties.crop = {indexFrom(json.at("crop").at("begin")), indexFrom(json.at("crop").at("end"))};
        if (!Box::of(one.properties.wholeShape).contains(one.properties.crop) || one.properties.crop.empty())
            throw Error(ErrorKind::Format, FOVEA_TR("its crop lies outside of the image"));
        const fs::path locations = folder / "locations.npy";
        one.properties.classLocations =
            locationsOf(tensorfile::readNpy(locations), json.at("keys").get<std::uint16_t>(),
                        one.labels->info().shape(), locations);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} is damaged ({why}). Preprocess again."),
                                        {{"path", (folder / "case.json").string()}, {"why", error.what()}}});
    }
    return one;
}

}  // namespace fovea::nnunet
