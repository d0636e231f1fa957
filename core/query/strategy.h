#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/job.h"
#include "base/options.h"
#include "data/tables.h"

namespace fovea::query {

// What strategies choose from. Arrays are parallel to features.patches.
struct Pool {
    FeatureTable features;
    std::vector<Patch> labelled;     // chosen in earlier rounds; never chosen again
    std::vector<double> doubt;       // mean predictive entropy per patch, empty when nothing was predicted yet
    std::vector<double> foreground;  // share of pseudo-label or predicted foreground per patch, empty when unknown
};

// Chooses what to label next. Deterministic for a seed. Throws Error(Input) when the pool lacks what it needs.
class QueryStrategy {
  public:
    virtual ~QueryStrategy() = default;
    virtual std::string id() const = 0;  // "coreset", "random"
    virtual Text title() const = 0;
    virtual Text description() const = 0;
    virtual OptionTable options() const = 0;
    // At most `count` patches, best first, with a computed reason each; none overlaps another or a labelled one.
    virtual std::vector<ChosenPatch> choose(const Pool& pool, int count, const Options& options, std::uint64_t seed,
                                            Job& job) const = 0;
};

// Built-in strategies in the order they are offered.
const std::vector<std::shared_ptr<const QueryStrategy>>& strategies();

}  // namespace fovea::query
