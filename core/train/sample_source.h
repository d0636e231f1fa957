#pragma once
#include <cstdint>

#include "train/augment.h"

namespace fovea::train {

// An endless numbered row of training samples. Sample i is a function of the source and i alone, whatever the thread
// and the order, so that the number of loader threads changes nothing but the speed. Thread-safe, torch-free.
class SampleSource {
  public:
    virtual ~SampleSource() = default;
    virtual SampleArrays sample(std::uint64_t index) const = 0;
};

}  // namespace fovea::train
