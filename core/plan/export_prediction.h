#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "base/job.h"
#include "data/volume.h"
#include "plan/nnunet_preprocess.h"

// From logits on the network's grid back to the image as stored (spec nnunet.md section 5.3): resample, decide, put
// into the uncropped grid, turn the axes back.
namespace fovea::plan {

// Planes [begin, end) along axis 0 of one output of the network, in C order. Called from the calling thread, ranges
// ascending.
using LogitsReader = std::function<void(int channel, std::int64_t begin, std::int64_t end, float* out)>;

struct Prediction {
    Index shape;  // of the network's grid
    int outputs = 0;
    LogitsReader read;
    std::vector<std::int32_t> regionLabels;  // regions_class_order; empty: one output per label, background first
};

// A part of the label map, its box in the grid as stored.
using LabelWriter = std::function<void(const Box& box, const Volume<std::uint16_t>& labels)>;
using ProbabilityWriter = std::function<void(int channel, const Box& box, const Volume<float>& probabilities)>;

// The most likely label (the first of equal ones), or with regions, from 0 and in order, the region's label where its
// probability is above ½. Only the crop is written; outside it is 0. Logits are interpolated in float and compared
// voxel by voxel: what is held is the planes of all outputs that a slab of results is made of, no full-size map of any.
// Throws Error(Unsupported) for logits of order 3, Error(Input) for no outputs, another number of regions, or more than
// 65535 labels; Cancelled.
void exportLabels(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                  const LabelWriter& write, Job& job);
Volume<std::uint16_t> exportedLabels(const Prediction& prediction, const CaseProperties& properties,
                                     const PreprocessRule& rule, Job& job);

// The same in as few bytes as the labels that there are need: uint8 where all are below 255, else uint16 (nnU-Net's
// rule).
AnyVolume exportedLabelMap(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                           Job& job);

// Softmax of the resampled logits, or with regions the sigmoid of each. Only the crop is written; outside, background
// (output 0 without regions) is 1 and all else 0.
void exportProbabilities(const Prediction& prediction, const CaseProperties& properties, const PreprocessRule& rule,
                         const ProbabilityWriter& write, Job& job);
std::vector<Volume<float>> exportedProbabilities(const Prediction& prediction, const CaseProperties& properties,
                                                 const PreprocessRule& rule, Job& job);

}  // namespace fovea::plan
