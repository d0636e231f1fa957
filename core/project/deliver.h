#pragma once
#include <filesystem>
#include <vector>

#include "base/job.h"
#include "project/artifacts.h"

namespace fovea::project {

// Folders of what the export stage made last, one per case that has been exported. Throws Error for damaged manifests.
std::vector<std::filesystem::path> exportsOf(const Artifacts& artifacts);

// Copies the exported files (not the manifests) of these folders into `folder`, which is made when missing; a file of
// the same name is replaced. Any thread. Throws Error when something cannot be read or written, Cancelled between two
// files.
void deliver(const std::vector<std::filesystem::path>& exports, const std::filesystem::path& folder, Job& job);

}  // namespace fovea::project
