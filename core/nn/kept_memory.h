#pragma once
#include <cstddef>
#include <limits>

namespace fovea::nn {

// While one of these lives, large blocks of the processor's memory that tensors give back are kept for tensors to come,
// on all threads: a network asks for the same sizes step after step, and a page fresh from the system can cost as much
// as the arithmetic on it. At most as much is kept as was in use at once, and no more than what the most generous
// keeper allows. The last one that goes gives all of it back. Thread-safe.
class KeepMemory {
  public:
    explicit KeepMemory(std::size_t most = std::numeric_limits<std::size_t>::max());  // bytes
    ~KeepMemory();
    KeepMemory(const KeepMemory&) = delete;
    KeepMemory& operator=(const KeepMemory&) = delete;

  private:
    std::size_t most_;
};

}  // namespace fovea::nn
