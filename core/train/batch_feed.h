#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "nn/compute.h"
#include "train/batch.h"
#include "train/patch_loader.h"

namespace fovea::train {

// Samples of a source in order as batches on a device; a rewind starts the loader threads anew.
class BatchFeed {
  public:
    // Keeps references to the source. threads 0: samples are made inside next(); below 0: one thread beside a
    // processor, as many as the machine has for a GPU, which is faster than any one of them.
    BatchFeed(const SampleSource& source, int threads, int dims, std::string device, nn::Compute compute);
    void rewind(std::uint64_t first);
    // The next `count` samples; image in the layout that `compute` names.
    Batch next(std::int64_t count);
    // Makes what next(count) will give and sends it to the device, while that still computes. Nothing on a processor,
    // which has no time to spare.
    void prepare(std::int64_t count);

  private:
    Batch made(std::int64_t count);

    const SampleSource& source_;
    const int dims_;
    const std::string device_;
    const nn::Compute compute_;
    const bool gpu_;
    const int threads_;
    std::unique_ptr<PatchLoader> loader_;
    std::optional<Batch> prepared_;
};

}  // namespace fovea::train
