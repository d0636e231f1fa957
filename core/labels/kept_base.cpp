#include "labels/kept_base.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace fovea::labels {

namespace fs = std::filesystem;

namespace {

// Files are replaced by renaming, never rewritten in place: a new version has new inodes.
std::string identityOf(const fs::path& folder, const std::vector<fs::path>& files) {
    Sha256 hash;
    for (const fs::path& file : files) {
        struct stat info{};
        if (::stat(file.c_str(), &info) != 0)
            throw Error(ErrorKind::Missing,
                        {FOVEA_TR("{path} vanished while it was read. Try again."), {{"path", file.string()}}});
        hash.add(fs::relative(file, folder).string() + ":" + std::to_string(info.st_ino) + ":" +
                 std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
                 std::to_string(info.st_mtim.tv_nsec) + "\n");
    }
    return hash.hex().substr(0, 16);
}

std::vector<fs::path> filesOf(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

fs::path keepBase(const fs::path& caseFolder, const fs::path& labels) {
    try {
        const std::vector<fs::path> files = filesOf(labels);
        const fs::path kept = caseFolder / "bases" / identityOf(labels, files);
        if (fs::exists(kept)) return kept / labels.filename();
        const fs::path staged = kept.string() + ".part";
        file::remove(staged);
        for (const fs::path& from : files) {
            const fs::path to = staged / labels.filename() / fs::relative(from, labels);
            file::makeFolder(to.parent_path());
            std::error_code error;
            fs::create_hard_link(from, to, error);
            if (error) file::copy(from, to);
        }
        file::commitFolder(staged, kept);
        return kept / labels.filename();
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} cannot be read: {why}. Find the objects again."),
                                         {{"path", labels.string()}, {"why", error.code().message()}}});
    }
}

}  // namespace fovea::labels
