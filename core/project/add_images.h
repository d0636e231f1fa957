#pragma once
#include <string>
#include <vector>

#include "project/runner.h"

namespace fovea::project {

// Adds images as cases and runs what `request` names (import) on the project. All or nothing: when one of them cannot
// be used, or the job is cancelled, those added here are gone again with everything made from them. Throws as
// Project::addCase() and run() do. Thread: any.
RunResult addImages(Project& project, const StageList& stages, const std::vector<std::string>& paths,
                    const NewCase& details, const RunRequest& request, Job& job);

}  // namespace fovea::project
