#pragma once

namespace fovea::nn {

// While one of these lives, large blocks of the processor's memory that tensors give back are kept for tensors to come,
// on all threads: a network asks for the same sizes step after step, and a page fresh from the system can cost as much
// as the arithmetic on it. At most as much is kept as was in use at once. The last one that goes gives all of it back.
// Thread-safe.
class KeepMemory {
  public:
    KeepMemory();
    ~KeepMemory();
    KeepMemory(const KeepMemory&) = delete;
    KeepMemory& operator=(const KeepMemory&) = delete;
};

}  // namespace fovea::nn
