#include "segment/tiles.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "base/parallel.h"

namespace fovea::segment {
namespace {

struct Shared {
    std::atomic<double> done{0};  // in tiles
    std::atomic<bool> stop{false};
};

class Tile : public Job {
  public:
    explicit Tile(Shared& shared) : shared_(shared) {}
    using Job::progress;
    void progress(double done, double total, const Text&) override {
        const double share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0;
        if (share <= share_) return;
        shared_.done += share - share_;
        share_ = share;
    }
    bool cancelled() const override { return shared_.stop; }

  private:
    Shared& shared_;
    double share_ = 0;
};

}  // namespace

void forTiles(std::int64_t count, Job& job, const std::function<void(std::int64_t, Job&)>& work) {
    job.check();
    Shared shared;
    std::future<void> all = std::async(std::launch::async, [&] {
        Tile asked(shared);
        parallelFor(count, asked, [&](std::int64_t t) {
            Tile part(shared);
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

}  // namespace fovea::segment
