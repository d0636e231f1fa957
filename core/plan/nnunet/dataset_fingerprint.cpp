#include "plan/nnunet/dataset_fingerprint.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/numpy_random.h"
#include "plan/nonzero_crop.h"
#include "plan/order_statistics.h"

namespace fovea::plan::nnunet {

namespace {

using Counts = std::vector<ValueCount>;

constexpr std::uint32_t seed = 1234;
constexpr std::int64_t drawsPerCheck = 1 << 20;

// Values of a channel where the label is above 0, inside of the box, in C order.
std::vector<float> foregroundOf(const RawCase& one, int channel, const Box& box, Job& job) {
    std::vector<float> values;
    forEachSlab(box, job, [&](const Box& slab) {
        const Volume<float> grey = readChannel(one, channel, slab);
        const Volume<std::int32_t> label = readLabel(one, slab);
        for (std::int64_t i = 0; i < grey.size(); ++i)
            if (label.data()[i] > 0) values.push_back(grey.data()[i]);
    });
    return values;
}

// `samples` of the values with replacement, the same ones as nnU-Net's: how often each value was drawn. Few samples of
// many values are kept one by one, many of few as counters.
Counts drawn(const std::vector<float>& values, std::int64_t samples, NumpyRandom& random, Job& job) {
    Counts counts;
    const bool each = samples < std::int64_t(values.size());
    if (each)
        counts.reserve(std::size_t(samples));
    else
        for (const float value : values) counts.push_back({value, 0});
    for (std::int64_t i = 0; i < samples; ++i) {
        if (i % drawsPerCheck == 0) job.check();
        const std::size_t at = std::size_t(random.bounded(values.size() - 1));
        if (each)
            counts.push_back({values[at], 1});
        else
            ++counts[at].count;
    }
    std::erase_if(counts, [](const ValueCount& v) { return v.count == 0; });
    compact(counts);
    return counts;
}

template <class T>
nlohmann::ordered_json triple(const T& t) {
    return {t.z, t.y, t.x};
}

template <class T>
T tripleFrom(const nlohmann::json& json) {
    if (!json.is_array() || json.size() != 3)
        throw Error(ErrorKind::Format, FOVEA_TR("The fingerprint has a shape or spacing that is no list of three."));
    return {json.at(0), json.at(1), json.at(2)};
}

void checkSizes(const DatasetFingerprint& fingerprint) {
    bool fine = fingerprint.shapes.size() == fingerprint.spacings.size() && !fingerprint.shapes.empty();
    for (const Index& shape : fingerprint.shapes)
        for (int axis = 0; axis < 3; ++axis) fine = fine && shape[axis] >= 1 && shape[axis] <= std::int64_t(1) << 32;
    for (const Vec3& spacing : fingerprint.spacings)
        for (int axis = 0; axis < 3; ++axis) fine = fine && spacing[axis] >= 1e-12 && spacing[axis] <= 1e12;
    if (!fine)
        throw Error(ErrorKind::Format, FOVEA_TR("The fingerprint holds sizes or spacings that no image has. Measure "
                                                "the data set again."));
}

}  // namespace

DatasetFingerprint measureDataset(const std::vector<RawCase>& cases, const DatasetJson& dataset, Job& job,
                                  std::int64_t samples) {
    if (cases.empty()) throw Error(ErrorKind::Input, FOVEA_TR("The data set has no cases. Add images with labels."));
    DatasetFingerprint result;
    std::vector<Counts> counts(dataset.channelNames.size());
    std::vector<double> shares;
    for (std::size_t c = 0; c < cases.size(); ++c) {
        job.progress(double(c), double(cases.size()), FOVEA_TR("Looking at the images"));
        checkShapes(cases[c], dataset);
        const Box box = nonzeroCrop(*cases[c].image, job).box;
        result.shapes.push_back(box.extent());
        result.spacings.push_back(cases[c].spacing);
        shares.push_back(double(box.count()) / double(cases[c].image->info().shape().count()));
        NumpyRandom random(seed);
        for (std::size_t channel = 0; channel < counts.size(); ++channel) {
            const std::vector<float> values = foregroundOf(cases[c], int(channel), box, job);
            if (!values.empty())
                merge(counts[channel], drawn(values, samples / std::int64_t(cases.size()), random, job));
        }
    }
    for (const Counts& channel : counts) {
        if (channel.empty())
            throw Error(ErrorKind::Input, FOVEA_TR("No voxel of the data set is labelled. Label some objects first."));
        result.foreground.push_back(intensityOfCounts(channel));
    }
    result.relativeSize = median(shares);
    checkSizes(result);
    job.progress(1, 1, FOVEA_TR("Looking at the images"));
    return result;
}

nlohmann::ordered_json toJson(const DatasetFingerprint& fingerprint) {
    nlohmann::ordered_json json = {
        {"foreground_intensity_properties_per_channel", plan::toJson(fingerprint.foreground)},
        {"median_relative_size_after_cropping", fingerprint.relativeSize},
        {"shapes_after_crop", nlohmann::ordered_json::array()},
        {"spacings", nlohmann::ordered_json::array()}};
    for (const Index& shape : fingerprint.shapes) json["shapes_after_crop"].push_back(triple(shape));
    for (const Vec3& spacing : fingerprint.spacings) json["spacings"].push_back(triple(spacing));
    return json;
}

DatasetFingerprint datasetFingerprintFromJson(const nlohmann::json& json) {
    DatasetFingerprint result;
    try {
        result.foreground = intensitiesFromJson(json.at("foreground_intensity_properties_per_channel"));
        result.relativeSize = json.at("median_relative_size_after_cropping");
        for (const auto& shape : json.at("shapes_after_crop")) result.shapes.push_back(tripleFrom<Index>(shape));
        for (const auto& spacing : json.at("spacings")) result.spacings.push_back(tripleFrom<Vec3>(spacing));
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The fingerprint is damaged ({why}). Measure again."), {{"why", error.what()}}});
    }
    checkSizes(result);
    return result;
}

void saveFingerprint(const std::filesystem::path& path, const DatasetFingerprint& fingerprint) {
    writePythonJson(path, toJson(fingerprint));
}

DatasetFingerprint loadFingerprint(const std::filesystem::path& path) {
    try {
        return datasetFingerprintFromJson(file::readJson(path));
    } catch (Error& error) {
        throw error.context({FOVEA_TR("reading {path}"), {{"path", path.string()}}});
    }
}

}  // namespace fovea::plan::nnunet
