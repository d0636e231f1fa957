#include "base/file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "base/file_error.h"
#include "base/json_text.h"

namespace fovea::file {

namespace {

// A file descriptor that closes itself.
class Descriptor {
  public:
    Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator int() const { return fd_; }
    // Some file systems tell of a failed write only here.
    bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

  private:
    int fd_;
};

fs::path parentOf(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// A name beside `path` that no other writer uses.
fs::path besideName(const fs::path& path) {
    static std::atomic<unsigned> counter{0};
    std::string name(".");
    name.append(path.filename().string()).append(".").append(std::to_string(::getpid()));
    name.append("-").append(std::to_string(counter++)).append(".tmp");
    return parentOf(path) / name;
}

// Deletes a half-written file unless it was renamed.
struct Leftover {
    fs::path path;
    ~Leftover() {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

// Renames survive a power cut only once the folder itself is on disk. Best effort: some file systems refuse.
void syncFolder(const fs::path& folder) {
    const Descriptor fd(folder, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) ::fsync(fd);
}

void writeAll(int fd, std::string_view bytes, const fs::path& path) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw systemError(path, FOVEA_TR("written"), n < 0 ? errno : ENOSPC);
        done += std::size_t(n);
    }
}

void replace(const fs::path& path, std::span<const std::string_view> parts, bool durable) {
    Leftover temp{besideName(path)};
    Descriptor fd(temp.path, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0) {
        const int number = errno;
        temp.path.clear();
        throw systemError(path, FOVEA_TR("created"), number);
    }
    for (const std::string_view part : parts) writeAll(fd, part, path);
    if (durable && ::fsync(fd) != 0) throw systemError(path, FOVEA_TR("written to disk"), errno);
    if (!fd.close()) throw systemError(path, FOVEA_TR("written"), errno);
    if (::rename(temp.path.c_str(), path.c_str()) != 0) throw systemError(path, FOVEA_TR("replaced"), errno);
    temp.path.clear();
    if (durable) syncFolder(parentOf(path));
}

}  // namespace

std::string read(const fs::path& path, std::uint64_t limit) {
    // Not to wait for a writer where a stranger's archive put a pipe.
    const Descriptor fd(path, O_RDONLY | O_NONBLOCK);
    struct stat info{};
    if (fd < 0 || ::fstat(fd, &info) != 0) throw systemError(path, FOVEA_TR("opened"), errno);
    if (S_ISDIR(info.st_mode)) throw systemError(path, FOVEA_TR("read"), EISDIR);
    if (std::uint64_t(info.st_size) > limit)
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("{path} is {size} large; at most {limit} are read here. Is it the right file?"),
                     {{"path", path.string()},
                      {"size", bytesText(double(info.st_size))},
                      {"limit", bytesText(double(limit))}}});
    std::string bytes(std::size_t(info.st_size), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::read(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw systemError(path, FOVEA_TR("read"), errno);
        if (n == 0) break;  // became shorter meanwhile
        done += std::size_t(n);
    }
    bytes.resize(done);
    return bytes;
}

namespace {

template <class Parse>
auto parsedFile(const fs::path& path, Parse&& parse) {
    const std::string bytes = read(path, 256'000'000);
    try {
        return parse(bytes);
    } catch (const Error& error) {
        throw Error(ErrorKind::Format, {FOVEA_TR("{path} cannot be used: {reason} Restore the file or delete it."),
                                        {{"path", path.string()}, {"reason", error.what()}}});
    }
}

}  // namespace

nlohmann::json readJson(const fs::path& path) { return parsedFile(path, parseJson); }

nlohmann::ordered_json readOrderedJson(const fs::path& path) { return parsedFile(path, parseOrderedJson); }

void write(const fs::path& path, std::string_view bytes) { replace(path, {&bytes, 1}, true); }

void write(const fs::path& path, std::span<const std::string_view> parts) { replace(path, parts, true); }

void writeQuick(const fs::path& path, std::string_view bytes) { replace(path, {&bytes, 1}, false); }

void writeJson(const fs::path& path, const nlohmann::json& json) {
    write(path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void commitFolder(const fs::path& staged, const fs::path& target) {
    {
        const Descriptor fd(staged, O_RDONLY | O_DIRECTORY);
        if (fd < 0) throw systemError(staged, FOVEA_TR("opened"), errno);
        if (::syncfs(fd) != 0) throw systemError(staged, FOVEA_TR("written to disk"), errno);
    }
    if (fs::path(target).lexically_normal() == fs::path(staged).lexically_normal()) return;
    fs::path old;
    std::error_code error;
    if (fs::exists(fs::symlink_status(target, error))) {
        // Swapping both leaves no moment without a target; where the file system cannot, the old one steps aside first.
        if (::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
            old = staged;
        } else {
            old = besideName(target);
            if (::rename(target.c_str(), old.c_str()) != 0) throw systemError(target, FOVEA_TR("replaced"), errno);
        }
    }
    if (old != staged && ::rename(staged.c_str(), target.c_str()) != 0) {
        const int number = errno;
        if (!old.empty()) ::rename(old.c_str(), target.c_str());
        throw systemError(target, FOVEA_TR("replaced"), number);
    }
    syncFolder(parentOf(target));
    syncFolder(parentOf(staged));
    if (!old.empty()) file::remove(old);
}

void makeFolder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) throw systemError(path, FOVEA_TR("created"), error.value());
}

void remove(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) throw systemError(path, FOVEA_TR("deleted"), error.value());
}

void copy(const fs::path& from, const fs::path& to) {
    std::error_code error;
    if (fs::is_directory(from, error)) {
        fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
        if (error) throw systemError(to, FOVEA_TR("copied"), error.value());
        return;
    }
    Leftover temp{besideName(to)};
    fs::copy_file(from, temp.path, error);
    if (error) {
        const bool sourceThere = fs::exists(from);
        throw systemError(sourceThere ? to : from, sourceThere ? FOVEA_TR("written") : FOVEA_TR("opened"),
                          error.value());
    }
    const Descriptor fd(temp.path, O_RDONLY);
    if (fd < 0 || ::fsync(fd) != 0) throw systemError(to, FOVEA_TR("written to disk"), errno);
    if (::rename(temp.path.c_str(), to.c_str()) != 0) throw systemError(to, FOVEA_TR("replaced"), errno);
    temp.path.clear();
    syncFolder(parentOf(to));
}

void move(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) throw systemError(to, FOVEA_TR("replaced"), errno);
    syncFolder(parentOf(to));
}

bool writable(const fs::path& folder) {
    const Leftover probe{besideName(folder / "probe")};
    const Descriptor fd(probe.path, O_WRONLY | O_CREAT | O_EXCL);
    return fd >= 0;
}

std::uint64_t freeBytes(const fs::path& path) {
    std::error_code error;
    fs::path there = fs::absolute(path, error);
    while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
    const fs::space_info space = fs::space(there, error);
    if (error) throw systemError(path, FOVEA_TR("examined for free space"), error.value());
    return space.available;
}

TempFolder::TempFolder() {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "fovea-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw systemError(name, FOVEA_TR("created"), errno);
    path_ = name;
}

TempFolder::~TempFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
}

}  // namespace fovea::file
