#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "plan/intensity.h"
#include "plan/nnunet/raw_dataset.h"

namespace fovea::plan::nnunet {

// dataset_fingerprint.json (spec nnunet.md section 1.5): what a plan is made from.
struct DatasetFingerprint {
    std::vector<Intensity> foreground;  // per channel, of the voxels with a label above 0
    double relativeSize = 1;            // median share of a case that is left after cropping
    std::vector<Index> shapes;          // of the cases after cropping, z, y, x as stored
    std::vector<Vec3> spacings;
};

constexpr std::int64_t fingerprintSamples = 100'000'000;  // per channel, over all cases

// Measures as nnU-Net does, with its random stream. Images are read in slabs; memory: for one case at a time a bit per
// voxel and at most 20 bytes per labelled one, and 16 bytes for each distinct grey value among the samples. Throws
// Error(Input): no case, one that checkShapes() refuses or with values that are not numbers, no labelled voxel at all.
DatasetFingerprint measureDataset(const std::vector<RawCase>& cases, const DatasetJson& dataset, Job& job,
                                  std::int64_t samples = fingerprintSamples);

// Keys ascending, as nnU-Net writes this file.
nlohmann::ordered_json toJson(const DatasetFingerprint& fingerprint);
// Throws Error(Format) for what no measurement gives: other than one shape and spacing per case, sizes below 1 or
// spacings that are not above 0.
DatasetFingerprint datasetFingerprintFromJson(const nlohmann::json& json);
void saveFingerprint(const std::filesystem::path& path, const DatasetFingerprint& fingerprint);
DatasetFingerprint loadFingerprint(const std::filesystem::path& path);

}  // namespace fovea::plan::nnunet
