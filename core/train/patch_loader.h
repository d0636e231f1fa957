#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "train/sample_source.h"

namespace fovea::train {

// Makes samples ahead on its own threads and hands them out in order, so that the number of threads changes nothing but
// the speed. At most about 2 samples per thread wait. next() throws what making the sample threw. One consumer.
class PatchLoader {
  public:
    // threads 0: samples are made inside next().
    PatchLoader(const SampleSource& source, std::uint64_t first, int threads);
    ~PatchLoader();
    PatchLoader(const PatchLoader&) = delete;
    PatchLoader& operator=(const PatchLoader&) = delete;

    SampleArrays next();

  private:
    struct Worker;
    void work(Worker& worker, std::uint64_t first, std::uint64_t step);

    const SampleSource& source_;
    std::uint64_t index_;
    const std::uint64_t first_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace fovea::train
