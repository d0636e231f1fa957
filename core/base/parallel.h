#pragma once
#include <cstdint>
#include <functional>

#include "base/job.h"

namespace fovea {

// How many threads parallelFor() uses. Default: one per core, at most 16. `count` < 1 restores it.
void setThreadCount(int count);
int threadCount();

// Calls f(0) … f(count − 1), each exactly once, on up to threadCount() threads (the calling one among them), and
// returns when all are done. The first exception stops what has not begun and is thrown here. f must not depend on
// order. The job is asked for cancellation by the calling thread alone, before each of its own calls. A call from
// within f runs on its thread.
void parallelFor(std::int64_t count, Job& job, const std::function<void(std::int64_t)>& f);

// The same for stretches of at most `length`: f(begin, end), half-open, together 0 … count.
void parallelStretches(std::int64_t count, std::int64_t length, Job& job,
                       const std::function<void(std::int64_t, std::int64_t)>& f);

}  // namespace fovea
