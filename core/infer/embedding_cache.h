#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/job.h"
#include "infer/embedding_store.h"

namespace fovea::infer {

// Embeddings, each computed once: in memory in half precision, the least recently used dropped first, and under a
// folder (EmbeddingStore) where one is given. Thread-safe; one that two threads want is computed by one of them.
class EmbeddingCache {
  public:
    using Compute = std::function<at::Tensor(Job&)>;  // (1, width, grid, grid) on any device

    // `budget` in bytes; the embedding asked for last is kept whatever its size. No folder: memory alone.
    explicit EmbeddingCache(std::uint64_t budget, std::filesystem::path folder = {});
    ~EmbeddingCache();

    // (1, width, grid, grid), half, on the CPU. Damaged entries are computed anew; a disk that can't be written to is
    // said once and done without. Throws what `compute` throws, Cancelled.
    at::Tensor get(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile, const Compute& compute, Job& job);
    // In memory, so that get() takes no time.
    bool has(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile) const;
    std::uint64_t bytes() const;  // in memory

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::infer
