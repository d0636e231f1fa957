#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::stage {

// A row of an artifact's objects.json: an array that labels::tableFromJson() reads too.
struct ObjectRow {
    std::int32_t id = 0;
    std::string state = "to-review";
    std::string source;  // "classical", "round 1"
    double score = 0;    // 0..1, the maker's belief
    Box box;
    std::int64_t voxels = 0;
};

void writeObjects(const std::filesystem::path& path, const std::vector<ObjectRow>& rows);
// Throws Error(Format).
std::vector<ObjectRow> readObjects(const std::filesystem::path& path);

// Label volume as labels.zarr with levels in `folder`, 16 sections at a time.
void writeLabels(const std::filesystem::path& folder, const Volume<std::int32_t>& labels, const Geometry& geometry,
                 Job& job);

}  // namespace fovea::stage
