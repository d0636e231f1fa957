#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/file_error.h"

namespace fovea::file {

Appender::Appender(const fs::path& path) : path_(path) {
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct stat info{};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0) {
        const int number = errno;
        if (fd_ >= 0) ::close(fd_);
        throw systemError(path, FOVEA_TR("opened for writing"), number);
    }
    size_ = std::uint64_t(info.st_size);
}

Appender::~Appender() { ::close(fd_); }

void Appender::append(std::string_view bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd_, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const int number = n < 0 ? errno : ENOSPC;
            const bool cut = ::ftruncate(fd_, off_t(size_)) == 0;
            Error error = systemError(path_, FOVEA_TR("written"), number);
            if (!cut) error.context(FOVEA_TR("cutting the file back to its last whole entry, which failed too"));
            throw error;
        }
        done += std::size_t(n);
    }
    size_ += bytes.size();
}

void Appender::sync() {
    if (::fdatasync(fd_) != 0) throw systemError(path_, FOVEA_TR("written to disk"), errno);
}

}  // namespace fovea::file
