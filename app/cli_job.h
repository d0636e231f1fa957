#pragma once
#include <chrono>
#include <mutex>
#include <string>

#include "base/job.h"

namespace fovea::app {

// Progress as log lines on stderr (at most every 5 s), cancelled by Ctrl-C or SIGTERM; a second Ctrl-C ends at once.
class CliJob : public Job {
  public:
    // Installs the signal handlers; one at a time.
    CliJob();
    using Job::progress;
    void progress(double done, double total, const Text& what) override;
    bool cancelled() const override;
    void message(MessageLevel level, const Text& text) override;

  private:
    std::mutex mutex_;
    std::chrono::steady_clock::time_point said_;
};

}  // namespace fovea::app
