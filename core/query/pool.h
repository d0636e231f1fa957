#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "query/strategy.h"

namespace fovea::query {

// Throws Error(Input) when the parallel arrays of the pool disagree, when a strategy that needs features finds none, or
// when there is nothing to choose from.
void checkPool(const Pool& pool, bool needsFeatures);

// Patches that overlap a labelled or chosen one of the same case may not be chosen.
class Taken {
  public:
    explicit Taken(const Pool& pool) : taken_(pool.labelled) {}
    bool overlaps(const Patch& patch) const;
    void add(const Patch& patch) { taken_.push_back(patch); }

  private:
    std::vector<Patch> taken_;
};

// The sentence with what else is known about the patch: "…; nothing was found here: maybe missed", "…; mean doubt
// 0.41".
std::string withFacts(const Pool& pool, std::size_t patch, std::string sentence);
// Two decimals.
std::string shortNumber(double value);

}  // namespace fovea::query
