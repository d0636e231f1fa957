#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/image_source.h"
#include "plan/nnunet/dataset_json.h"

namespace fovea::plan::nnunet {

// One training case of a raw data set, opened.
struct RawCase {
    std::string name;
    std::vector<ImagePtr> images;  // one per channel, or one that holds them all
    ImagePtr label;
    Vec3 spacing{1, 1, 1};  // z, y, x; any unit; 999 across a single picture
};

// The cases of a data-set folder by name (spec nnunet.md sections 1.2, 1.3): those of dataset.json's `dataset`, else
// imagesTr/<case>_<channel>.<ending> and labelsTr/<case>.<ending>, with a file for every channel unless `allInOne`.
// Paths are complete, environment variables replaced. Throws Error(Missing) naming the first file that is not there,
// Error(Input) when there is no case at all or another number than numTraining.
std::map<std::string, CaseFiles> listCases(const std::filesystem::path& folder, const DatasetJson& dataset,
                                           bool allInOne = false);

// A case in memory: channels × z × y × x as float32, and the label.
struct CaseVoxels {
    std::vector<Volume<float>> channels;
    Volume<std::int32_t> label;
};

// Throws Error(Input) for what nnU-Net's integrity check refuses, naming the file: channels of different shape or
// number, a label of another shape, values that are not numbers, label values that dataset.json does not name.
CaseVoxels loadCase(const RawCase& one, const DatasetJson& dataset, Job& job);

}  // namespace fovea::plan::nnunet
