#include "train/patch_loader.h"

#include <torch/types.h>

#include <cstring>
#include <exception>
#include <thread>

#include "base/bounded_queue.h"

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

Batch collate(const std::vector<SampleArrays>& samples, int dims) {
    const Index n = samples.front().target.shape();
    const std::int64_t b = std::int64_t(samples.size()), channels = std::int64_t(samples.front().channels.size());
    std::vector<std::int64_t> space =
        dims == 2 ? std::vector<std::int64_t>{n.y, n.x} : std::vector<std::int64_t>{n.z, n.y, n.x};
    std::vector<std::int64_t> flat{b}, full{b, channels};
    flat.insert(flat.end(), space.begin(), space.end());
    full.insert(full.end(), space.begin(), space.end());
    Batch batch{torch::empty(full, torch::kFloat32), torch::empty(flat, torch::kInt64),
                torch::empty(flat, torch::kFloat32)};
    float* image = batch.image.data_ptr<float>();
    std::int64_t* target = batch.target.data_ptr<std::int64_t>();
    float* weight = batch.weight.data_ptr<float>();
    for (const SampleArrays& sample : samples) {
        for (const Volume<float>& channel : sample.channels) {
            std::memcpy(image, channel.data(), std::size_t(channel.size()) * sizeof(float));
            image += channel.size();
        }
        for (std::int64_t i = 0; i < sample.target.size(); ++i) *target++ = sample.target.data()[i];
        std::memcpy(weight, sample.weight.data(), std::size_t(sample.weight.size()) * sizeof(float));
        weight += sample.weight.size();
    }
    return batch;
}

}  // namespace fovea::train
