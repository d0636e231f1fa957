#include "io/staged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace fovea::io {

namespace {

void sync(const std::filesystem::path& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    const bool good = fd >= 0 && ::fsync(fd) == 0;
    const int reason = errno;
    if (fd >= 0) ::close(fd);
    if (!good)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} could not be written: {why}. Make room on the disk or choose another folder."),
                     {{"path", path.string()}, {"why", std::strerror(reason)}}});
}

}  // namespace

StagedFile::StagedFile(const std::filesystem::path& target) : target_(target) {
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
    file::makeFolder(folder);
    path_ = folder / (".part-" + std::to_string(::getpid()) + "-" + target.filename().string());
}

StagedFile::~StagedFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

void StagedFile::commit() {
    sync(path_, O_RDONLY);
    std::error_code failed;
    std::filesystem::rename(path_, target_, failed);
    if (failed)
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} could not be written: {why}. Choose another name or folder."),
                                       {{"path", target_.string()}, {"why", failed.message()}}});
    sync(path_.parent_path(), O_RDONLY | O_DIRECTORY);
}

}  // namespace fovea::io
