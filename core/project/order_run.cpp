#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <new>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "project/order_context.h"

extern char** environ;

namespace fovea::project {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

// Passes everything on and leaves progress as a file; a file named `cancel` cancels. Thread-safe.
class FileJob : public Job {
  public:
    FileJob(Job& parent, fs::path folder) : parent_(parent), folder_(std::move(folder)) {}

    using Job::progress;
    void progress(double done, double total, const Text& what) override {
        parent_.progress(done, total, what);
        const std::lock_guard guard(mutex_);
        if (Clock::now() - written_ < 500ms) return;
        written_ = Clock::now();
        file::writeQuick(folder_ / "progress.json",
                         json{{"done", done}, {"total", total}, {"what", what.str()}}.dump());
    }
    bool cancelled() const override {
        if (parent_.cancelled()) return true;
        const std::int64_t now = Clock::now().time_since_epoch() / 100ms;
        if (looked_.exchange(now) != now) {
            std::error_code error;
            if (fs::exists(folder_ / "cancel", error)) asked_ = true;
        }
        return asked_;
    }
    void message(MessageLevel level, const Text& text) override { parent_.message(level, text); }
    void yield() override { parent_.yield(); }

  private:
    Job& parent_;
    fs::path folder_;
    std::mutex mutex_;
    Clock::time_point written_{};
    mutable std::atomic<std::int64_t> looked_{-1};
    mutable std::atomic<bool> asked_{false};
};

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a stage threw, as ours. Call inside a catch block.
Error translated(const std::string& stage) {
    const auto unexpected = [&](const char* what) {
        return Error(ErrorKind::Internal, {FOVEA_TR("{stage} failed unexpectedly: {reason}. Please report this."),
                                           {{"stage", stage}, {"reason", what}}});
    };
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return Error(ErrorKind::Memory,
                     {FOVEA_TR("There is not enough memory for {stage}. Close other programs, or choose smaller "
                               "patches or a smaller image."),
                      {{"stage", stage}}});
    } catch (const std::exception& error) {
        return unexpected(error.what());
    } catch (...) {
        return unexpected("an unknown exception");
    }
}

ErrorKind kindByName(const std::string& wanted) {
    for (const ErrorKind kind : {ErrorKind::Input, ErrorKind::Missing, ErrorKind::Format, ErrorKind::Unsupported,
                                 ErrorKind::Device, ErrorKind::Memory, ErrorKind::Remote, ErrorKind::Plugin})
        if (wanted == name(kind)) return kind;
    return ErrorKind::Internal;
}

// The failure itself must not fail: a full disk may be the reason.
void writeResultQuietly(const fs::path& folder, const json& result) {
    try {
        file::writeJson(folder / "result.json", result);
    } catch (const Error& error) {
        log::warning(error.what());
    }
}

}  // namespace

json runOrder(const fs::path& folder, const StageList& stages, const ImageOpener& opener, Job& job) {
    const auto start = Clock::now();
    WorkOrder order = readOrder(folder);
    const Stage& stage = stageById(stages, order.stage);
    file::remove(folder / "result.json");
    file::makeFolder(folder / "out");
    FileJob fileJob(job, folder);
    json result;
    try {
        OrderContext context(fs::absolute(folder), order, opener);
        context.round = order.round;
        context.rival = order.rival;
        context.options = Options(stage.options, order.options);
        context.device = order.device;
        context.seed = order.seed;
        context.threads = order.threads;
        context.job = &fileJob;
        fileJob.check();
        stage.run(context);
        json compute = {{"device", context.device}, {"threads", context.threads}};
        if (const auto more = context.result.find("compute"); more != context.result.end()) {
            compute.update(*more);
            context.result.erase("compute");
        }
        const bool waiting = context.result.value("state", "") == "waiting";
        result = {{"state", waiting ? "waiting" : "done"},
                  {"result", context.result},
                  {"compute", compute},
                  {"seconds", since(start)},
                  {"program", "fovea"}};
        file::writeJson(folder / "result.json", result);
    } catch (const Cancelled&) {
        writeResultQuietly(folder, {{"state", "cancelled"}, {"seconds", since(start)}});
        throw;
    } catch (...) {
        const Error error = translated(stage.id);
        writeResultQuietly(
            folder,
            {{"state", "failed"}, {"error", error.what()}, {"kind", name(error.kind())}, {"seconds", since(start)}});
        throw error;
    }
    return result;
}

namespace {

pid_t startChild(const fs::path& program, const fs::path& folder) {
    const std::string path = program.string(), dir = folder.string();
    char* arguments[] = {const_cast<char*>(path.c_str()), const_cast<char*>("work"), const_cast<char*>(dir.c_str()),
                         nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed)
        throw Error(ErrorKind::Missing, {FOVEA_TR("{program} could not be started: {reason}."),
                                         {{"program", path}, {"reason", std::strerror(failed)}}});
    return pid;
}

void passProgressOn(const fs::path& path, Job& job) {
    std::error_code error;
    if (!fs::exists(path, error)) return;
    const json progress = json::parse(file::read(path, 1 << 16), nullptr, false);
    if (progress.is_object())
        job.progress(progress.value("done", 0.0), progress.value("total", 1.0), progress.value("what", std::string()));
}

}  // namespace

json runOrderInChild(const fs::path& folder, const fs::path& program, Job& job) {
    job.check();
    file::remove(folder / "result.json");
    file::remove(folder / "cancel");
    const pid_t pid = startChild(program, folder);
    int status = 0;
    std::optional<Clock::time_point> asked;
    while (::waitpid(pid, &status, WNOHANG) == 0) {
        passProgressOn(folder / "progress.json", job);
        if (job.cancelled() && !asked) {
            asked = Clock::now();
            file::write(folder / "cancel", "");
        }
        if (asked && Clock::now() - *asked > 30s) ::kill(pid, SIGKILL);
        std::this_thread::sleep_for(100ms);
    }
    std::error_code error;
    if (!fs::exists(folder / "result.json", error)) {
        job.check();
        const std::string how = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                                    : "exit " + std::to_string(WEXITSTATUS(status));
        throw Error(ErrorKind::Internal,
                    {FOVEA_TR("The process working on {folder} ended without a result ({how}). Run it again: it "
                              "goes on where it stopped."),
                     {{"folder", folder.string()}, {"how", how}}});
    }
    const json result = file::readJson(folder / "result.json");
    const std::string state = result.value("state", "");
    if (state == "cancelled") throw Cancelled{};
    if (state == "failed")
        throw Error(kindByName(result.value("kind", "")), result.value("error", std::string("unknown error")));
    return result;
}

}  // namespace fovea::project
