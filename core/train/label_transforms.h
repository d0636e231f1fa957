#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "data/volume.h"

// What nnU-Net does with the labels of a training sample (spec section 4.4, rows 11 to 15): −1 is outside of what was
// imaged, 0 background. Torch-free.
namespace fovea::train {

using LabelVolume = Volume<std::int16_t>;

// Grey values are 0 where the label is negative.
void maskOutside(Volume<float>& channel, const LabelVolume& labels);

void replaceLabel(LabelVolume& labels, std::int16_t from, std::int16_t to);

// One channel per region, 1 where the label is one of its; with an ignore label a last channel that is 1 there.
std::vector<Volume<std::uint8_t>> regionChannels(const LabelVolume& labels,
                                                 const std::vector<std::vector<std::int16_t>>& regions,
                                                 std::optional<std::int16_t> ignore = {});

// The previous stage's labels as image channels, one per class.
std::vector<Volume<float>> oneHotChannels(const LabelVolume& labels, const std::vector<std::int16_t>& classes);

// Nearest-exact to round(n · scale) voxels per axis: what a head of this scale is compared with.
LabelVolume atScale(const LabelVolume& labels, Vec3 scale);

}  // namespace fovea::train
