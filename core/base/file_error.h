#pragma once
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace fovea::file {

// An Error for a system call that failed with `number` (errno) on `path`, with what to do about it.
inline Error systemError(const std::filesystem::path& path, const char* verb, int number) {
    const auto make = [&](ErrorKind kind, const char* remedy) {
        return Error(
            kind, {FOVEA_TR("{path} could not be {verb}: {reason}. {remedy}"),
                   {{"path", path.string()}, {"verb", verb}, {"reason", std::strerror(number)}, {"remedy", remedy}}});
    };
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return make(ErrorKind::Input, FOVEA_TR("The disk is full: free some space and try again."));
        case EACCES:
        case EPERM:
        case EROFS:
            return make(ErrorKind::Input, FOVEA_TR("Check the permissions of the folder or choose another one."));
        case ENOENT:
        case ENOTDIR:
            return make(ErrorKind::Missing, FOVEA_TR("Check that the path is right."));
        case ENAMETOOLONG:
            return make(ErrorKind::Input, FOVEA_TR("Choose a shorter name."));
        default:
            return make(ErrorKind::Input, FOVEA_TR("Check the disk and try again."));
    }
}

}  // namespace fovea::file
