#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "data/tables.h"
#include "nn/compute.h"
#include "nn/mae.h"
#include "nn/unet.h"
#include "plan/preprocess.h"

namespace fovea::infer {

using ImageOf = std::function<ImagePtr(const std::string& caseId)>;
using NormsOf = std::function<std::vector<plan::ChannelNorm>(const std::string& caseId)>;

struct FeatureOptions {
    int sections = 3;        // evenly spaced sections of a 3D patch that are looked at (masked autoencoder)
    std::int64_t batch = 8;  // pictures per forward pass
    std::string device = "cpu";
    nn::Compute compute;
};

// One vector per patch: mean of the patch tokens after the final norm, nothing masked, then mean over sections.
// Sections are resized (antialiased) to the size the autoencoder was trained with. Deterministic. Throws Error(Input)
// for a patch outside its image.
FeatureTable maeFeatures(nn::Mae mae, const std::vector<Patch>& patches, const ImageOf& imageOf,
                         const FeatureOptions& options, Job& job);

// Where there is no autoencoder: UNet::describe(), mean over tiles of the patch (at most eight of `tile`, the plan's
// patch).
FeatureTable unetFeatures(nn::UNet unet, const std::vector<Patch>& patches, const ImageOf& imageOf,
                          const NormsOf& normsOf, Index tile, const FeatureOptions& options, Job& job);

}  // namespace fovea::infer
