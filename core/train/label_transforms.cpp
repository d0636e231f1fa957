#include "train/label_transforms.h"

#include <algorithm>
#include <cmath>

#include "train/intensity_transforms.h"

namespace fovea::train {

void maskOutside(Volume<float>& channel, const LabelVolume& labels) {
    for (std::int64_t i = 0; i < channel.size(); ++i)
        if (labels.data()[i] < 0) channel.data()[i] = 0;
}

void replaceLabel(LabelVolume& labels, std::int16_t from, std::int16_t to) {
    std::replace(labels.begin(), labels.end(), from, to);
}

std::vector<Volume<std::uint8_t>> regionChannels(const LabelVolume& labels,
                                                 const std::vector<std::vector<std::int16_t>>& regions,
                                                 std::optional<std::int16_t> ignore) {
    std::vector<std::vector<std::int16_t>> all = regions;
    if (ignore) all.push_back({*ignore});
    std::vector<Volume<std::uint8_t>> channels;
    for (const auto& region : all) {
        Volume<std::uint8_t>& channel = channels.emplace_back(labels.shape());
        for (std::int64_t i = 0; i < labels.size(); ++i)
            channel.data()[i] = std::find(region.begin(), region.end(), labels.data()[i]) != region.end();
    }
    return channels;
}

std::vector<Volume<float>> oneHotChannels(const LabelVolume& labels, const std::vector<std::int16_t>& classes) {
    std::vector<Volume<float>> channels;
    for (const std::int16_t one : classes) {
        Volume<float>& channel = channels.emplace_back(labels.shape());
        for (std::int64_t i = 0; i < labels.size(); ++i) channel.data()[i] = labels.data()[i] == one;
    }
    return channels;
}

LabelVolume atScale(const LabelVolume& labels, Vec3 scale) {
    Index size;
    std::vector<std::int64_t> from[3];
    for (int a = 0; a < 3; ++a) {
        size[a] = std::max<std::int64_t>(1, std::int64_t(std::nearbyint(double(labels.shape()[a]) * scale[a])));
        from[a] = nearestExact(labels.shape()[a], size[a]);
    }
    LabelVolume result(size);
    std::int16_t* out = result.data();
    for (const std::int64_t z : from[0])
        for (const std::int64_t y : from[1])
            for (const std::int64_t x : from[2]) *out++ = labels(z, y, x);
    return result;
}

}  // namespace fovea::train
