#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/nnunet/labels.h"
#include "plan/nnunet_preprocess.h"

// A case on the network's grid, kept on disk: <folder>/image.zarr (float32, one channel per input), labels.zarr (int16,
// −1 outside of what was imaged), case.json and locations.npy.
namespace fovea::nnunet {

struct PreprocessedCase {
    ImagePtr image, labels;
    plan::CaseProperties properties;  // class locations per key of classKeys(), then of "annotated" when there is one
};

// What locations are drawn for: each foreground label or region, and with an ignore label a last key of all that are
// not ignored.
std::vector<plan::ClassKey> classKeys(const plan::nnunet::Labels& labels);

// Preprocesses into `folder`, which is replaced as a whole once done. Errors as plan::preprocessCase().
void writePreprocessed(const std::filesystem::path& folder, const plan::PreprocessInput& input,
                       const plan::PreprocessRule& rule, Job& job);
bool isPreprocessed(const std::filesystem::path& folder);
// Throws Error(Missing) when it is not there, Error(Format) when it is damaged.
PreprocessedCase openPreprocessed(const std::filesystem::path& folder);

}  // namespace fovea::nnunet
