#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "data/volume.h"

namespace fovea {

// Decoded chunks shared by all readers, least recently used dropped first, bounded in bytes. Thread-safe; a chunk
// wanted by two threads is loaded once. Chunks are immutable.
class ChunkCache {
  public:
    using Chunk = std::shared_ptr<const AnyVolume>;  // null: the chunk does not exist (all fill value)

    explicit ChunkCache(std::uint64_t budgetBytes);
    ~ChunkCache();

    // The chunk of this source under this key, loaded by `load` on a miss. What `load` throws passes through.
    Chunk get(std::uint64_t source, std::uint64_t key, const std::function<Chunk()>& load);
    // Forgets all chunks of a source (after writing).
    void drop(std::uint64_t source);
    void drop(std::uint64_t source, std::uint64_t key);
    std::uint64_t bytes() const;
    // What goes beyond a smaller one is dropped at once.
    void setBudget(std::uint64_t bytes);
    // A number no other source has.
    static std::uint64_t newSource();

    // One cache for the process; budget a quarter of the memory, at most 4 GB.
    static const std::shared_ptr<ChunkCache>& shared();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fovea
