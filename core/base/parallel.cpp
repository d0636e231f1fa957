#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace fovea {
namespace {
std::atomic<int> wanted{0};
thread_local bool inside = false;  // a call from within a call runs where it is
}  // namespace

void setThreadCount(int count) { wanted = std::max(count, 0); }

int threadCount() {
    const int count = wanted;
    return count > 0 ? count : std::clamp(int(std::thread::hardware_concurrency()), 1, 16);
}

void parallelFor(std::int64_t count, Job& job, const std::function<void(std::int64_t)>& f) {
    if (inside) {
        for (std::int64_t i = 0; i < count; ++i) f(i);
        return;
    }
    std::atomic<std::int64_t> next{0};
    std::exception_ptr failure;
    std::mutex mutex;
    const auto work = [&](bool asks) {
        inside = true;
        try {
            for (std::int64_t i = next++; i < count; i = next++) {
                if (asks) job.check();
                f(i);
            }
        } catch (...) {
            next = count;
            std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
        }
        inside = false;
    };
    {
        std::vector<std::jthread> helpers;
        for (std::int64_t i = 1; i < std::min<std::int64_t>(threadCount(), count); ++i)
            helpers.emplace_back(work, false);
        work(true);
    }
    if (failure) std::rethrow_exception(failure);
}

void parallelStretches(std::int64_t count, std::int64_t length, Job& job,
                       const std::function<void(std::int64_t, std::int64_t)>& f) {
    parallelFor((count + length - 1) / length, job,
                [&](std::int64_t i) { f(i * length, std::min(count, (i + 1) * length)); });
}

}  // namespace fovea
