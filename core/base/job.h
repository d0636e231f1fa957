#pragma once
#include <atomic>

#include "base/error.h"
#include "base/text.h"

namespace fovea {

enum class MessageLevel { Info, Warning };

// What long work may say to, and ask of, whoever started it. The default does nothing, so `Job nothing;` runs anything
// without progress or cancellation. Methods are called from the working thread.
class Job {
  public:
    virtual ~Job() = default;

    // `done` of `total`, both in the caller's units. Implementations throttle.
    virtual void progress(double done, double total, const Text& what) {}
    void progress(double done, double total) { progress(done, total, Text()); }
    // True once somebody asked to stop.
    virtual bool cancelled() const { return false; }
    virtual void message(MessageLevel level, const Text& text) {}
    // Called each training iteration and each window: may block while more urgent work uses the same device.
    virtual void yield() {}

    // Throws Cancelled when somebody asked to stop.
    void check() const {
        if (cancelled()) throw Cancelled{};
    }
};

// A stretch of another job's bar: progress 0..1 here is from..to there. Everything else is passed on.
class JobPart : public Job {
  public:
    JobPart(Job& parent, double from, double to) : parent_(parent), from_(from), to_(to) {}
    using Job::progress;
    void progress(double done, double total, const Text& what) override {
        const double share = total > 0 ? done / total : 0;
        parent_.progress(from_ + (to_ - from_) * share, 1.0, what);
    }
    bool cancelled() const override { return parent_.cancelled(); }
    void message(MessageLevel level, const Text& text) override { parent_.message(level, text); }
    void yield() override { parent_.yield(); }

  private:
    Job& parent_;
    double from_, to_;
};

// A job that only knows how to be cancelled: for tests, and for queries superseded by newer ones.
class CancelFlag : public Job {
  public:
    void cancel() { flag_ = true; }
    bool cancelled() const override { return flag_; }

  private:
    std::atomic<bool> flag_{false};
};

}  // namespace fovea
