#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "nn/compute.h"
#include "train/batch.h"
#include "train/patch_loader.h"

namespace fovea::train {

// Samples of a source in order as batches on a device; a rewind starts the loader threads anew.
class BatchFeed {
  public:
    // Keeps references to the source. threads 0: samples are made inside next().
    BatchFeed(const SampleSource& source, int threads, int dims, std::string device, nn::Compute compute);
    void rewind(std::uint64_t first);
    // The next `count` samples; image in the layout that `compute` names.
    Batch next(std::int64_t count);

  private:
    const SampleSource& source_;
    const int threads_, dims_;
    const std::string device_;
    const nn::Compute compute_;
    std::unique_ptr<PatchLoader> loader_;
};

}  // namespace fovea::train
