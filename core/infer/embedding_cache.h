#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/job.h"
#include "infer/embedding_store.h"

namespace fovea::infer {

// What the embeddings of a folder may take of its disk, in bytes.
struct DiskLimits {
    std::uint64_t budget = std::uint64_t(20) << 30;  // of all images: beyond it those used longest ago are deleted
    std::uint64_t reserve = std::uint64_t(5) << 30;  // left free: with less than that nothing is written
};

// Embeddings, each computed once: in memory in half precision, the least recently used dropped first, and under a
// folder (EmbeddingStore, one per image) where one is given, 20 GiB of them unless told otherwise. Thread-safe; one
// that two threads want is computed by one of them.
class EmbeddingCache {
  public:
    using Compute = std::function<at::Tensor(Job&)>;  // (1, width, grid, grid) on any device

    // `budget` in bytes; the embedding asked for last is kept whatever its size. No folder: memory alone.
    // With the first embedding of an image the folder is brought within its limits; what this cache uses stays.
    explicit EmbeddingCache(std::uint64_t budget, std::filesystem::path folder = {}, DiskLimits limits = {});
    ~EmbeddingCache();

    // (1, width, grid, grid), half, on the CPU, cell by cell in memory as the mask decoder reads it. Damaged and
    // unreadable entries are computed anew; a disk that is full or can't be written to is said once and done without.
    // Throws what `compute` throws, Cancelled.
    at::Tensor get(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile, const Compute& compute, Job& job);
    // In memory, so that get() takes no time.
    bool has(const EmbeddedImage& image, std::int64_t slice, std::int64_t tile) const;
    std::uint64_t bytes() const;  // in memory

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::infer
