#include "train/batch_feed.h"

namespace fovea::train {

BatchFeed::BatchFeed(const SampleSource& source, int threads, int dims, std::string device, nn::Compute compute)
    : source_(source), threads_(threads), dims_(dims), device_(std::move(device)), compute_(std::move(compute)) {}

void BatchFeed::rewind(std::uint64_t first) {
    loader_.reset();
    loader_ = std::make_unique<PatchLoader>(source_, first, threads_);
}

Batch BatchFeed::next(std::int64_t count) {
    std::vector<SampleArrays> samples;
    for (std::int64_t i = 0; i < count; ++i) samples.push_back(loader_->next());
    return moved(collate(samples, dims_), device_, compute_);
}

}  // namespace fovea::train
