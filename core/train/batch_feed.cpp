#include "train/batch_feed.h"

#include <algorithm>
#include <utility>

#include "nn/device.h"

namespace fovea::train {

namespace {
constexpr int mostThreads = 16;  // each holds three samples
}

BatchFeed::BatchFeed(const SampleSource& source, int threads, int dims, std::string device, nn::Compute compute)
    : source_(source),
      dims_(dims),
      device_(std::move(device)),
      compute_(std::move(compute)),
      gpu_(nn::findDevice(device_).gpu),
      threads_(threads >= 0 ? threads
               : gpu_       ? std::min(mostThreads, nn::hardwareThreads())
                            : 1) {}

void BatchFeed::rewind(std::uint64_t first) {
    prepared_.reset();
    loader_.reset();
    loader_ = std::make_unique<PatchLoader>(source_, first, threads_);
}

Batch BatchFeed::made(std::int64_t count) {
    std::vector<SampleArrays> samples;
    for (std::int64_t i = 0; i < count; ++i) samples.push_back(loader_->next());
    return moved(collate(samples, dims_, gpu_), device_, compute_);
}

Batch BatchFeed::next(std::int64_t count) {
    if (auto ready = std::exchange(prepared_, std::nullopt)) return std::move(*ready);
    return made(count);
}

void BatchFeed::prepare(std::int64_t count) {
    if (gpu_) prepared_ = made(count);
}

}  // namespace fovea::train
