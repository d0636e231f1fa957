#pragma once
#include <filesystem>

#include "data/tables.h"

namespace fovea::stage {

// A features artifact: features.npy (float32, patches × dim) beside patches.json {"source", "patches": [{case, box}]}.
void writeFeatures(const std::filesystem::path& folder, const FeatureTable& table);
// Throws Error(Format) when the two files do not fit together.
FeatureTable readFeatures(const std::filesystem::path& folder);
// Appends rows; throws Error(Input) when the dimensions differ.
void append(FeatureTable& table, const FeatureTable& more);

}  // namespace fovea::stage
