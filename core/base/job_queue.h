#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"

namespace fovea {

// Where callbacks of jobs run: the owner's thread. The GUI posts to its event loop, the CLI runs a loop, tests drain by
// hand.
class Executor {
  public:
    virtual ~Executor() = default;
    // Thread-safe; never runs `f` inside the call.
    virtual void post(std::function<void()> f) = 0;
};

// Executor that runs what was posted when drain() is called.
class ManualExecutor : public Executor {
  public:
    ManualExecutor();
    ~ManualExecutor() override;
    void post(std::function<void()> f) override;
    // Runs everything posted so far; returns how many.
    int drain();
    // Waits up to `timeout` for something to be posted, then drains.
    int waitAndDrain(std::chrono::milliseconds timeout);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Interactive: one thread (prompts). Batch: one thread, nice +19 (training, prediction, ITK). Cpu: a small pool
// (meshes, tiles, export). Read: a small pool (chunks). Ahead: one thread, nice +15 (what may be asked for next).
// Fetch: one thread (downloads and other large files that come from elsewhere). Where nothing else is said, nice +2:
// the owner's thread, which draws, comes first.
enum class Lane { Interactive, Batch, Cpu, Read, Ahead, Fetch };

enum class JobState { Waiting, Running, Done, Failed, Cancelled };

struct Outcome {
    JobState state = JobState::Done;  // Done, Failed or Cancelled
    std::string error;                // what() when Failed
    std::exception_ptr exception;     // when Failed
};

struct JobInfo {
    std::int64_t id = 0;
    Text title;
    Lane lane = Lane::Batch;
    JobState state = JobState::Waiting;
    double share = -1;        // 0..1, negative while unknown
    Text what;                // last progress text
    double seconds = 0;       // since it started running
    double secondsLeft = -1;  // estimate, negative while unknown
    std::string error;        // when Failed
};

struct JobRequest {
    Text title;
    Lane lane = Lane::Batch;
    std::function<void(Job&)> run;                           // on the lane's thread
    std::function<void(const Outcome&)> done;                // on the owner's thread, always called exactly once
    std::function<void(MessageLevel, const Text&)> message;  // on the owner's thread; may be empty
    bool visible = true;                                     // listed in the tray
};

// Queues of work beside the owner's thread. Threads are std::jthread. Destruction cancels everything and joins.
// The job.yield() of batch and ahead waits while the interactive lane is busy.
class JobQueue {
  public:
    explicit JobQueue(Executor& executor);
    ~JobQueue();
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    // Thread-safe. Returns the job's id.
    std::int64_t submit(JobRequest request);
    void cancel(std::int64_t id);
    void cancelAll();
    // Waiting, running and recently finished visible jobs, oldest first. Thread-safe snapshot.
    std::vector<JobInfo> jobs() const;
    bool idle() const;
    // Thread-safe. Runs `f` on the owner's thread, soon: for what a job has to show before it ends.
    void post(std::function<void()> f);
    // Called (throttled to about 10/s per job) on the owner's thread when something in jobs() changed.
    void onChange(std::function<void()> f);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
