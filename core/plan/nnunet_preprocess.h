#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/axis_order.h"
#include "plan/class_locations.h"
#include "plan/preprocess.h"
#include "plan/resample.h"

// nnU-Net's preprocessing of a case (spec nnunet.md sections 4.1, 6.1): transpose, crop to nonzero, normalise,
// resample, choose where to sample each class.
namespace fovea::plan {

struct ChannelRule {
    ChannelScheme scheme = ChannelScheme::ZScore;
    bool onlyMask = false;  // ZScore alone: statistics of, and changes to, voxels whose label is not −1
    Intensity foreground;   // of the data set, for Ct
};

// What a configuration of a plans file says about preprocessing and export.
struct PreprocessRule {
    AxisOrder order;
    std::vector<double> spacing;  // of the network's grid; two entries (2D): axis 0 keeps the case's own
    std::vector<ChannelRule> channels;
    ResampleRule image{3, 0, {}, true}, labels{1, 0, {}, true}, logits{1, 0, {}, true};
    bool keepsGrid = false;  // nothing is resampled, whatever the spacing

    // Spacing of the network's grid for a case with this spacing as stored.
    Vec3 target(Vec3 stored) const;
    // And its shape, for a crop of this one (network's axes).
    Index gridFor(Index crop, Vec3 stored) const;
};

// Of a plans file, old ones too; follows "inherits_from". The optional torch resampler is read as the linear one it is
// (section 6.4). Throws Error(Format) naming what is missing or wrong, Error(Unsupported) naming other resamplers,
// options of them and schemes, with what to use instead.
PreprocessRule preprocessRule(const nlohmann::json& plans, const std::string& configuration);

// What export needs to go back; axes of the network. Names in nnU-Net's files: shape_before_cropping,
// bbox_used_for_cropping, shape_after_cropping_and_before_resampling.
struct CaseProperties {
    Vec3 spacing{1, 1, 1};  // as stored
    Index wholeShape;
    Box crop;
    std::vector<std::vector<Index>> classLocations;  // per key, voxels of the result; see LabelRuns::draw()
};

struct PreprocessInput {
    const ImageSource& image;
    const ImageSource* labels = nullptr;  // classes; null when predicting
    Vec3 spacing{1, 1, 1};                // as stored
    std::vector<ClassKey> keys;           // what to draw class locations for
};

// Takes the result as it is made: planes of the network's grid in ascending order, first of the labels, then channel by
// channel.
class PreprocessSink {
  public:
    virtual ~PreprocessSink() = default;
    virtual void begin(Index shape, int channels) = 0;
    virtual void labels(std::int64_t begin, std::int64_t end, const std::int16_t* planes) = 0;
    virtual void image(int channel, std::int64_t begin, std::int64_t end, const float* planes) = 0;
};

// Reads the image three to four times in slabs, so that it need not fit into memory; what is held is one bit per voxel,
// stretches of labels, and resampleBytes. Runs on all threads; within parallelFor() over cases on the case's.
// Statistics in double. Throws Error(Input): channels that the plans do not have, labels of another shape or that are
// no classes, values that are not numbers, RGB values outside 0 … 255; Cancelled.
CaseProperties preprocessCase(const PreprocessInput& input, const PreprocessRule& rule, PreprocessSink& sink, Job& job);

struct PreprocessedCase {
    std::vector<Volume<float>> image;
    Volume<std::int16_t> labels;
    CaseProperties properties;
};
PreprocessedCase preprocessCase(const PreprocessInput& input, const PreprocessRule& rule, Job& job);

}  // namespace fovea::plan
