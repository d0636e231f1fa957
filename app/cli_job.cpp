#include "cli_job.h"

#include <unistd.h>

#include <cmath>
#include <csignal>

#include "base/log.h"

namespace fovea::app {

namespace {

volatile std::sig_atomic_t asked = 0;

extern "C" void onSignal(int) {
    if (asked) ::_exit(130);
    asked = 1;
}

}  // namespace

CliJob::CliJob() : said_(std::chrono::steady_clock::now()) {
    struct sigaction action{};
    action.sa_handler = onSignal;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

void CliJob::progress(double done, double total, const Text& what) {
    const std::lock_guard guard(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - said_ < std::chrono::seconds(5)) return;
    said_ = now;
    const int percent = total > 0 ? int(std::lround(100 * done / total)) : 0;
    log::info(std::to_string(percent) + " %" + (what.empty() ? "" : "  " + what.str()));
}

bool CliJob::cancelled() const { return asked != 0; }

void CliJob::message(MessageLevel level, const Text& text) {
    if (level == MessageLevel::Warning)
        log::warning(text.str());
    else
        log::info(text.str());
}

}  // namespace fovea::app
