#pragma once
#include <filesystem>

#include "project/artifacts.h"

namespace fovea::app {

// The demo's page: pictures before and after beside the truth, loss curves, scores, what ran how long.
void writeDemoReport(const std::filesystem::path& path, const project::Artifacts& artifacts,
                     const std::filesystem::path& truth, Job& job);

}  // namespace fovea::app
