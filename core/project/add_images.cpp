#include "project/add_images.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "project/work_order.h"

namespace fovea::project {

namespace fs = std::filesystem;

namespace {

// A damaged order says nothing: it stays where it is and is in nobody's way.
bool isOrderOf(const std::string& caseId, const fs::path& folder) {
    std::error_code error;
    if (!fs::exists(folder / "order.json", error)) return false;
    try {
        return readOrder(folder).runCase == caseId;
    } catch (const Error& problem) {
        log::warning(problem.what());
        return false;
    }
}

// What was made, or half made, from a case.
std::vector<fs::path> madeFrom(const Project& project, const std::string& caseId) {
    std::vector<fs::path> folders;
    std::error_code error;
    for (int round = 0; round <= project.lastRound(); ++round)
        for (fs::directory_iterator stage(project.roundFolder(round), error), end; stage != end; stage.increment(error))
            if (fs::exists(stage->path() / caseId, error)) folders.push_back(stage->path() / caseId);
    for (fs::directory_iterator order(project.workFolder(), error), end; order != end; order.increment(error))
        if (isOrderOf(caseId, order->path())) folders.push_back(order->path());
    return folders;
}

// Why it was taken back is what the person has to hear, so that nothing here throws.
void takeBack(Project& project, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) try {
            const std::vector<fs::path> folders = madeFrom(project, id);
            project.removeCase(id);
            for (const fs::path& folder : folders) file::remove(folder);
        } catch (const Error& error) {
            log::warning(error.what());
        }
}

}  // namespace

RunResult addImages(Project& project, const StageList& stages, const std::vector<std::string>& paths,
                    const NewCase& details, const RunRequest& request, Job& job) {
    std::vector<std::string> added;
    try {
        JobPart adding(job, 0, 0.5), running(job, 0.5, 1);
        for (const std::string& path : paths) {
            adding.check();
            adding.progress(double(added.size()), double(paths.size()), {FOVEA_TR("Reading {path}"), {{"path", path}}});
            added.push_back(project.addCase(path, details).id);
        }
        return run(project, stages, request, running);
    } catch (...) {
        takeBack(project, added);
        throw;
    }
}

}  // namespace fovea::project
