#include "base/parallel_parts.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "base/parallel.h"

namespace fovea {
namespace {

struct SharedProgress {
    std::atomic<double> done{0};  // in parts
    std::atomic<bool> stop{false};
};

class Part : public Job {
  public:
    explicit Part(SharedProgress& shared) : shared_(shared) {}
    using Job::progress;
    void progress(double done, double total, const Text&) override {
        const double share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0;
        if (share <= share_) return;
        shared_.done += share - share_;
        share_ = share;
    }
    bool cancelled() const override { return shared_.stop; }

  private:
    SharedProgress& shared_;
    double share_ = 0;
};

}  // namespace

void forParts(std::int64_t count, Job& job, const std::function<void(std::int64_t, Job&)>& work) {
    job.check();
    SharedProgress shared;
    std::future<void> all = std::async(std::launch::async, [&] {
        Part asked(shared);
        parallelFor(count, asked, [&](std::int64_t t) {
            Part part(shared);
            work(t, part);
            part.progress(1, 1);
        });
    });
    while (all.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
        if (job.cancelled()) shared.stop = true;
        job.progress(shared.done, double(count));
    }
    all.get();
    job.progress(1, 1);
}

}  // namespace fovea
