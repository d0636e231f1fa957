#include <numeric>

#include "base/rng.h"
#include "query/builtin.h"
#include "query/pool.h"

namespace fovea::query {

namespace {

class Random : public QueryStrategy {
  public:
    std::string id() const override { return "random"; }
    Text title() const override { return FOVEA_TR("Random"); }
    Text description() const override { return FOVEA_TR("The honest comparison."); }
    OptionTable options() const override { return {}; }

    std::vector<ChosenPatch> choose(const Pool& pool, int count, const Options&, std::uint64_t seed,
                                    Job& job) const override {
        checkPool(pool, false);
        std::vector<std::size_t> order(pool.features.patches.size());
        std::iota(order.begin(), order.end(), std::size_t(0));
        Rng(seed).shuffle(order);
        Taken taken(pool);
        std::vector<ChosenPatch> chosen;
        for (const std::size_t at : order) {
            if (std::int64_t(chosen.size()) >= count) break;
            job.check();
            const Patch& patch = pool.features.patches[at];
            if (taken.overlaps(patch)) continue;
            taken.add(patch);
            chosen.push_back(
                {patch, 0, withFacts(pool, at, "Drawn at random from " + std::to_string(order.size()) + " patches")});
        }
        return chosen;
    }
};

}  // namespace

std::shared_ptr<const QueryStrategy> randomStrategy() { return std::make_shared<Random>(); }

}  // namespace fovea::query
