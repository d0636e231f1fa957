#include "base/job_queue.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"

namespace fovea {

using Clock = std::chrono::steady_clock;

struct ManualExecutor::State {
    std::mutex mutex;
    std::condition_variable posted;
    std::deque<std::function<void()>> waiting;
};

ManualExecutor::ManualExecutor() : state_(std::make_unique<State>()) {}
ManualExecutor::~ManualExecutor() = default;

void ManualExecutor::post(std::function<void()> f) {
    std::lock_guard lock(state_->mutex);
    state_->waiting.push_back(std::move(f));
    state_->posted.notify_all();
}

int ManualExecutor::drain() {
    std::deque<std::function<void()>> now;
    {
        std::lock_guard lock(state_->mutex);
        now.swap(state_->waiting);
    }
    for (auto& f : now) f();
    return int(now.size());
}

int ManualExecutor::waitAndDrain(std::chrono::milliseconds timeout) {
    {
        std::unique_lock lock(state_->mutex);
        state_->posted.wait_for(lock, timeout, [&] { return !state_->waiting.empty(); });
    }
    return drain();
}

namespace {

constexpr int laneCount = 6;
constexpr std::size_t finishedKept = 50;
constexpr auto changeInterval = std::chrono::milliseconds(100);

struct Task {
    std::int64_t id = 0;
    JobRequest request;
    std::atomic<bool> cancelled{false};
    // Below: guarded by Impl's mutex.
    JobState state = JobState::Waiting;
    double share = -1;
    Text what;
    Clock::time_point started, finished;
    Clock::time_point lastChange;
    std::string error;
};

using TaskPtr = std::shared_ptr<Task>;

struct LaneState {
    std::deque<TaskPtr> waiting;
    int busy = 0;
    std::vector<std::jthread> threads;
};

// How far a lane's threads step back behind the owner's thread, which draws, and behind one another.
int niceOf(Lane lane) { return lane == Lane::Batch ? 19 : lane == Lane::Ahead ? 15 : 2; }

// Whether its jobs wait in yield() while the interactive lane works.
bool givesWay(Lane lane) { return lane == Lane::Batch || lane == Lane::Ahead; }

int threadsOf(Lane lane) {
    const int cores = std::max(1, int(std::thread::hardware_concurrency()));
    switch (lane) {
        case Lane::Interactive:
        case Lane::Batch:
        case Lane::Ahead:
        case Lane::Fetch:
            return 1;
        case Lane::Cpu:
            return std::clamp(cores - 1, 1, 8);
        case Lane::Read:
            break;
    }
    return std::clamp(cores, 2, 4);
}

// What waits for its turn on the owner's thread outlives the queue: it may run when the queue is gone.
struct ChangeNotice {
    std::mutex mutex;
    std::function<void()> f;
    bool posted = false;
};

}  // namespace

struct JobQueue::Impl {
    explicit Impl(Executor& executor_) : executor(executor_) {}

    Executor& executor;
    mutable std::mutex mutex;
    std::condition_variable wake;  // lane threads: work or stop
    std::condition_variable calm;  // yielding jobs: the interactive lane is free, or cancelled
    std::array<LaneState, laneCount> lanes;
    std::map<std::int64_t, TaskPtr> live;  // until done() is posted
    std::deque<TaskPtr> ended;             // visible ones, for the tray
    std::int64_t lastId = 0;
    bool stop = false;
    std::shared_ptr<ChangeNotice> notice = std::make_shared<ChangeNotice>();

    LaneState& lane(Lane which) { return lanes[std::size_t(which)]; }
    bool interactiveBusy() { return lane(Lane::Interactive).busy > 0 || !lane(Lane::Interactive).waiting.empty(); }

    void changed();
    void startThreads(Lane which);
    void work(Lane which);
    Outcome execute(const TaskPtr& task);
    void finish(const TaskPtr& task, Outcome outcome);
    void cancelTask(const TaskPtr& task, std::vector<TaskPtr>& dropped);
    void finishDropped(const std::vector<TaskPtr>& dropped);
};

namespace {

// The Job a lane hands to run().
class QueuedJob : public Job {
  public:
    using Job::progress;
    QueuedJob(Task& task, Executor& executor, std::mutex& mutex, std::function<void()> changed,
              std::function<void()> pause)
        : task_(task), executor_(executor), mutex_(mutex), changed_(std::move(changed)), pause_(std::move(pause)) {}

    void progress(double done, double total, const Text& what) override {
        {
            std::lock_guard lock(mutex_);
            task_.share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : -1;
            if (!what.empty()) task_.what = what;
            const auto now = Clock::now();
            if (now - task_.lastChange < changeInterval) return;
            task_.lastChange = now;
        }
        changed_();
    }
    bool cancelled() const override { return task_.cancelled; }
    void message(MessageLevel level, const Text& text) override {
        if (task_.request.message) executor_.post([f = task_.request.message, level, text] { f(level, text); });
    }
    void yield() override { pause_(); }

  private:
    Task& task_;
    Executor& executor_;
    std::mutex& mutex_;
    std::function<void()> changed_, pause_;
};

}  // namespace

// Posts one notice to the owner's thread; further changes until it runs are part of it.
void JobQueue::Impl::changed() {
    {
        std::lock_guard lock(notice->mutex);
        if (!notice->f || notice->posted) return;
        notice->posted = true;
    }
    executor.post([kept = notice] {
        std::function<void()> f;
        {
            std::lock_guard lock(kept->mutex);
            kept->posted = false;
            f = kept->f;
        }
        if (f) f();
    });
}

void JobQueue::Impl::startThreads(Lane which) {
    if (!lane(which).threads.empty()) return;
    for (int i = 0; i < threadsOf(which); ++i) lane(which).threads.emplace_back([this, which] { work(which); });
}

void JobQueue::Impl::work(Lane which) {
    // Set before the first parallel region, so that OpenMP's threads inherit it.
    ::setpriority(PRIO_PROCESS, id_t(::gettid()), niceOf(which));
    LaneState& mine = lane(which);
    std::unique_lock lock(mutex);
    while (true) {
        wake.wait(lock, [&] { return stop || !mine.waiting.empty(); });
        if (mine.waiting.empty()) return;
        const TaskPtr task = mine.waiting.front();
        mine.waiting.pop_front();
        ++mine.busy;
        task->state = JobState::Running;
        task->started = Clock::now();
        lock.unlock();
        changed();
        finish(task, execute(task));
        lock.lock();
        --mine.busy;
        calm.notify_all();
    }
}

Outcome JobQueue::Impl::execute(const TaskPtr& task) {
    const auto pause = [this, task] {
        if (!givesWay(task->request.lane)) return;
        std::unique_lock lock(mutex);
        calm.wait(lock, [&] { return stop || task->cancelled || !interactiveBusy(); });
    };
    QueuedJob job(*task, executor, mutex, [this] { changed(); }, pause);
    Outcome outcome;
    try {
        job.check();
        task->request.run(job);
    } catch (const Cancelled&) {
        outcome.state = JobState::Cancelled;
    } catch (const std::exception& error) {
        outcome = {JobState::Failed, error.what(), std::current_exception()};
    } catch (...) {
        outcome = {JobState::Failed, "an unknown exception", std::current_exception()};
    }
    return outcome;
}

// Called without the lock, once per task.
void JobQueue::Impl::finish(const TaskPtr& task, Outcome outcome) {
    task->request.run = nullptr;  // what it captured is let go of before done() is called
    if (outcome.state == JobState::Failed)
        log::error("job \"" + task->request.title.str() + "\" failed: " + outcome.error);
    {
        std::lock_guard lock(mutex);
        task->state = outcome.state;
        task->error = outcome.error;
        task->finished = Clock::now();
    }
    // done() too lets go of what it captured, while the tray still lists the job.
    if (task->request.done)
        executor.post([task, outcome = std::move(outcome)] { std::exchange(task->request.done, nullptr)(outcome); });
    {
        std::lock_guard lock(mutex);
        live.erase(task->id);
        if (task->request.visible) ended.push_back(task);
        if (ended.size() > finishedKept) ended.pop_front();
    }
    changed();
}

// Under the lock. A waiting task leaves its lane and is ended by finishDropped(); a running one is only told.
void JobQueue::Impl::cancelTask(const TaskPtr& task, std::vector<TaskPtr>& dropped) {
    task->cancelled = true;
    auto& waiting = lane(task->request.lane).waiting;
    const auto found = std::find(waiting.begin(), waiting.end(), task);
    if (found == waiting.end()) return;
    waiting.erase(found);
    dropped.push_back(task);
}

void JobQueue::Impl::finishDropped(const std::vector<TaskPtr>& dropped) {
    for (const TaskPtr& task : dropped) finish(task, {JobState::Cancelled, {}, {}});
    calm.notify_all();
}

JobQueue::JobQueue(Executor& executor) : impl_(std::make_unique<Impl>(executor)) {}

JobQueue::~JobQueue() {
    onChange(nullptr);
    {
        std::lock_guard lock(impl_->mutex);
        impl_->stop = true;
    }
    cancelAll();
    impl_->wake.notify_all();
    for (LaneState& lane : impl_->lanes) lane.threads.clear();  // joins
}

std::int64_t JobQueue::submit(JobRequest request) {
    const auto task = std::make_shared<Task>();
    task->request = std::move(request);
    bool refused = false;
    {
        std::lock_guard lock(impl_->mutex);
        task->id = ++impl_->lastId;
        impl_->live.emplace(task->id, task);
        refused = impl_->stop;
        if (!refused) {
            impl_->startThreads(task->request.lane);
            impl_->lane(task->request.lane).waiting.push_back(task);
        }
    }
    impl_->wake.notify_all();
    if (refused)
        impl_->finishDropped({task});
    else
        impl_->changed();
    return task->id;
}

void JobQueue::cancel(std::int64_t id) {
    std::vector<TaskPtr> dropped;
    {
        std::lock_guard lock(impl_->mutex);
        const auto found = impl_->live.find(id);
        if (found != impl_->live.end()) impl_->cancelTask(found->second, dropped);
    }
    impl_->finishDropped(dropped);
}

void JobQueue::cancelAll() {
    std::vector<TaskPtr> dropped;
    {
        std::lock_guard lock(impl_->mutex);
        for (const auto& [id, task] : impl_->live) impl_->cancelTask(task, dropped);
    }
    impl_->finishDropped(dropped);
}

namespace {

JobInfo infoOf(const Task& task) {
    JobInfo info{task.id, task.request.title, task.request.lane, task.state, task.share, task.what, 0, -1, task.error};
    if (task.started == Clock::time_point{}) return info;  // never ran
    const auto until = task.state == JobState::Running ? Clock::now() : task.finished;
    info.seconds = std::chrono::duration<double>(until - task.started).count();
    if (task.state == JobState::Running && info.seconds >= 1 && task.share > 0.01)
        info.secondsLeft = info.seconds * (1 - task.share) / task.share;
    return info;
}

}  // namespace

std::vector<JobInfo> JobQueue::jobs() const {
    std::vector<JobInfo> infos;
    {
        std::lock_guard lock(impl_->mutex);
        for (const TaskPtr& task : impl_->ended) infos.push_back(infoOf(*task));
        for (const auto& [id, task] : impl_->live)
            if (task->request.visible) infos.push_back(infoOf(*task));
    }
    std::sort(infos.begin(), infos.end(), [](const JobInfo& a, const JobInfo& b) { return a.id < b.id; });
    return infos;
}

bool JobQueue::idle() const {
    std::lock_guard lock(impl_->mutex);
    return impl_->live.empty();
}

void JobQueue::post(std::function<void()> f) { impl_->executor.post(std::move(f)); }

void JobQueue::onChange(std::function<void()> f) {
    std::lock_guard lock(impl_->notice->mutex);
    impl_->notice->f = std::move(f);
}

}  // namespace fovea
