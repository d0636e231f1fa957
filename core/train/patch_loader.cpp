#include "train/patch_loader.h"

#include <exception>
#include <thread>

#include "base/bounded_queue.h"
#include "base/error.h"

namespace fovea::train {

namespace {

struct Made {
    SampleArrays arrays;
    std::exception_ptr error;
};

}  // namespace

struct PatchLoader::Worker {
    BoundedQueue<Made> queue{2};
    std::jthread thread;
};

PatchLoader::PatchLoader(const SampleSource& source, std::uint64_t first, int threads)
    : source_(source), index_(first), first_(first) {
    for (int t = 0; t < threads; ++t) workers_.push_back(std::make_unique<Worker>());
    for (int t = 0; t < threads; ++t)
        workers_[t]->thread =
            std::jthread([this, t, threads] { work(*workers_[t], first_ + std::uint64_t(t), std::uint64_t(threads)); });
}

PatchLoader::~PatchLoader() {
    for (auto& worker : workers_) worker->queue.close();
}

void PatchLoader::work(Worker& worker, std::uint64_t first, std::uint64_t step) {
    for (std::uint64_t index = first;; index += step) {
        Made made;
        try {
            made.arrays = source_.sample(index);
        } catch (...) {
            made.error = std::current_exception();
        }
        const bool failed = bool(made.error);
        if (!worker.queue.push(std::move(made)) || failed) return;
    }
}

SampleArrays PatchLoader::next() {
    const std::uint64_t index = index_++;
    if (workers_.empty()) return source_.sample(index);
    // A worker that failed has ended: its queue holds the error as the last thing taken, and nobody asks again.
    auto made = workers_[(index - first_) % workers_.size()]->queue.pop();
    if (!made) throw Error(ErrorKind::Internal, "patch loader used after its end");
    if (made->error) std::rethrow_exception(made->error);
    return std::move(made->arrays);
}

}  // namespace fovea::train
