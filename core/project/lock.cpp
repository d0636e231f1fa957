#include "project/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace fovea::project {

namespace {

namespace fs = std::filesystem;

std::string hostName() {
    char buffer[256] = {};
    return ::gethostname(buffer, sizeof buffer - 1) == 0 ? buffer : "unknown";
}

// When the process started, in clock ticks since boot: tells a process from a later one with the same number. 0 = no
// such process.
std::uint64_t processStart(std::int64_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return 0;
    const std::size_t paren = line.rfind(')');  // the name before it may hold anything
    if (paren == std::string::npos) return 0;
    std::istringstream fields(line.substr(paren + 1));
    std::string field;
    for (int i = 0; i < 20; ++i) fields >> field;  // the 22nd field of the line is the 20th after the name
    return std::strtoull(field.c_str(), nullptr, 10);
}

std::string nowText() {
    const std::time_t now = std::time(nullptr);
    char buffer[32];
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%S UTC", &utc);
    return buffer;
}

// Serialises taking over among processes of this host.
class FolderGuard {
  public:
    explicit FolderGuard(const fs::path& folder) : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (fd_ >= 0) ::flock(fd_, LOCK_EX);
    }
    ~FolderGuard() {
        if (fd_ >= 0) ::close(fd_);
    }
    FolderGuard(const FolderGuard&) = delete;
    FolderGuard& operator=(const FolderGuard&) = delete;

  private:
    int fd_;
};

// True when the holder is gone for certain: same host, no such process. An unreadable lock has no holder either.
bool isDead(const nlohmann::json& holder) {
    if (!holder.is_object()) return true;
    if (holder.value("host", "") != hostName()) return false;
    const std::uint64_t start = processStart(holder.value("pid", std::int64_t(0)));
    return start == 0 || start != holder.value("process_start", std::uint64_t(0));
}

nlohmann::json readHolder(const fs::path& path) {
    try {
        const nlohmann::json holder = nlohmann::json::parse(file::read(path, 4096));
        return holder.value("host", "").empty() ? nlohmann::json() : holder;
    } catch (const nlohmann::json::exception&) {
        return {};
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

Lock::Lock(const fs::path& folder) : path_(folder / "lock") {
    const nlohmann::json mine = {{"pid", std::int64_t(::getpid())},
                                 {"host", hostName()},
                                 {"process_start", processStart(::getpid())},
                                 {"since", nowText()}};
    content_ = mine.dump() + "\n";
    const FolderGuard guard(folder);
    std::error_code error;
    if (fs::exists(path_, error)) {
        const nlohmann::json holder = readHolder(path_);
        if (!isDead(holder))
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR("The project {folder} is open in another program (process {pid} on {host}, since {since}). "
                          "Close it "
                          "there or open the project for reading only. If {host} no longer runs it, delete {lock}."),
                 {{"folder", folder.string()},
                  {"pid", std::to_string(holder.value("pid", std::int64_t(0)))},
                  {"host", holder.value("host", "")},
                  {"since", holder.value("since", "")},
                  {"lock", path_.string()}}});
        file::remove(path_);
    }
    // link() fails where a program on another host was faster.
    const fs::path beside = folder / (".lock-" + std::to_string(::getpid()));
    file::write(beside, content_);
    const int failed = ::link(beside.c_str(), path_.c_str()) == 0 ? 0 : errno;
    ::unlink(beside.c_str());
    if (failed == EEXIST)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The project {folder} was just opened by another program. Close it there or open "
                              "the project for reading only."),
                     {{"folder", folder.string()}}});
    if (failed) file::write(path_, content_);  // file systems without hard links
}

Lock::~Lock() {
    try {
        if (file::read(path_, 4096) == content_) file::remove(path_);
    } catch (const Error&) {
        // Gone already, or the disk is: the next program sees that this process is dead.
    }
}

}  // namespace fovea::project
