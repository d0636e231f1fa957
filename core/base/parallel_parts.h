#pragma once
#include <cstdint>
#include <functional>

#include "base/job.h"

namespace fovea {

// Calls work(t, part) for the parts 0 … count − 1, several at a time, and returns when all are done. Each may report to
// and ask its own `part`; the calling thread, the only one that speaks with `job`, passes on how far all of them are
// and asks all of them to stop. The first exception is thrown here.
void forParts(std::int64_t count, Job& job, const std::function<void(std::int64_t, Job&)>& work);

}  // namespace fovea
