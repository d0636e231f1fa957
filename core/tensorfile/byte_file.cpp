#include "tensorfile/byte_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace fovea::tensorfile {

ByteFile::ByteFile(const std::filesystem::path& path) : path_(path) {
    // Not to wait for a writer where a stranger's archive put a pipe.
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0)
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("{path} could not be opened: {reason}. Check that the path is right."),
                     {{"path", path.string()}, {"reason", std::strerror(errno)}}});
    struct stat info{};
    if (::fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd_);
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} is not a plain file. Choose a model file."), {{"path", path.string()}}});
    }
    size_ = std::uint64_t(info.st_size);
}

ByteFile::~ByteFile() { ::close(fd_); }

void ByteFile::read(std::uint64_t at, void* to, std::uint64_t size) const {
    auto* bytes = static_cast<char*>(to);
    for (std::uint64_t done = 0; done < size;) {
        const ssize_t n = ::pread(fd_, bytes + done, size - done, off_t(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            throw Error(ErrorKind::Format,
                        {FOVEA_TR("{path} could not be read to its end. Copy it again."), {{"path", path_.string()}}});
        done += std::uint64_t(n);
    }
}

std::string ByteFile::read(std::uint64_t at, std::uint64_t size) const {
    std::string bytes(std::size_t(size), '\0');
    read(at, bytes.data(), size);
    return bytes;
}

}  // namespace fovea::tensorfile
