#include "project/deliver.h"

#include "base/error.h"
#include "base/file.h"

namespace fovea::project {

namespace fs = std::filesystem;

std::vector<fs::path> exportsOf(const Artifacts& artifacts) {
    std::vector<fs::path> folders;
    const Project& project = artifacts.project();
    for (const std::string& id : project.caseIds())
        if (const auto folder = artifacts.newest("export", id, project.activeRound())) folders.push_back(*folder);
    return folders;
}

void deliver(const std::vector<fs::path>& exports, const fs::path& folder, Job& job) {
    file::makeFolder(folder);
    for (const fs::path& from : exports) {
        std::vector<fs::path> made;
        std::error_code error;
        for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error))
            if (it->path().filename() != "manifest.json") made.push_back(it->path());
        if (error)
            throw Error(ErrorKind::Missing, {FOVEA_TR("{path} cannot be read: {why}. Run export again."),
                                             {{"path", from.string()}, {"why", error.message()}}});
        for (const fs::path& path : made) {
            job.check();
            file::remove(folder / path.filename());
            file::copy(path, folder / path.filename());
        }
    }
}

}  // namespace fovea::project
