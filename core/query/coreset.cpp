#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "query/builtin.h"
#include "query/k_centre.h"
#include "query/pool.h"

namespace fovea::query {

namespace {

class Coreset : public QueryStrategy {
  public:
    std::string id() const override { return "coreset"; }
    Text title() const override { return FOVEA_TR("Cover the data"); }
    Text description() const override {
        return FOVEA_TR("Picks the patches least like what is labelled. Good first choice.");
    }
    OptionTable options() const override {
        return {{"starts", OptionType::Int, 3,
                 FOVEA_TR("Patches drawn at random to start from while nothing is labelled."), "patches", 1, 100}};
    }
    std::vector<ChosenPatch> choose(const Pool& pool, int count, const Options& options, std::uint64_t seed,
                                    Job& job) const override;
};

// Rows of the pool that are labelled already: their features are what the others are compared with.
std::vector<std::int64_t> labelledRows(const Pool& pool) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < pool.features.patches.size(); ++i)
        if (std::find(pool.labelled.begin(), pool.labelled.end(), pool.features.patches[i]) != pool.labelled.end())
            rows.push_back(std::int64_t(i));
    return rows;
}

// At most `count` rows that overlap nothing, drawn at random (three in the published procedure).
std::vector<std::int64_t> randomRows(const Pool& pool, Taken& taken, std::int64_t count, std::uint64_t seed) {
    std::vector<std::int64_t> order(pool.features.patches.size()), rows;
    std::iota(order.begin(), order.end(), std::int64_t(0));
    Rng(seed).shuffle(order);
    for (const std::int64_t row : order) {
        const Patch& patch = pool.features.patches[std::size_t(row)];
        if (std::int64_t(rows.size()) >= count) break;
        if (taken.overlaps(patch)) continue;
        taken.add(patch);
        rows.push_back(row);
    }
    return rows;
}

std::string distanceSentence(std::size_t labelled, std::size_t before, double distance) {
    std::string from = labelled > 0 ? "everything labelled" : "";
    if (before > 0) {
        if (labelled > 0) from += " and ";
        from += before == 1 ? "the patch chosen before" : "the " + std::to_string(before) + " chosen before";
    }
    return "Farthest from " + from + " (distance " + shortNumber(distance) + ")";
}

std::vector<ChosenPatch> Coreset::choose(const Pool& pool, int count, const Options& options, std::uint64_t seed,
                                         Job& job) const {
    checkPool(pool, true);
    if (count < 1) return {};
    Taken taken(pool);
    std::vector<std::int64_t> start = labelledRows(pool);
    const std::size_t labelled = start.size();
    if (start.empty()) start = randomRows(pool, taken, std::min<std::int64_t>(count, options.integer("starts")), seed);
    if (start.empty()) return {};  // everything overlaps what is labelled
    const auto& patches = pool.features.patches;
    const KCentres centres = greedyKCentres(
        pool.features.values, pool.features.dim, std::int64_t(labelled) + count, start, job,
        [&](std::int64_t row) { return !taken.overlaps(patches[std::size_t(row)]); },
        [&](std::int64_t row) { taken.add(patches[std::size_t(row)]); });
    std::vector<ChosenPatch> chosen;
    for (std::size_t i = labelled; i < centres.order.size(); ++i) {
        const std::size_t row = std::size_t(centres.order[i]);
        const bool drawn = i < start.size();
        const double distance = drawn ? 0 : centres.chosenDistance[i - start.size()];
        const std::string why =
            drawn ? "Drawn at random: nothing is labelled yet" : distanceSentence(labelled, chosen.size(), distance);
        chosen.push_back({patches[row], distance, withFacts(pool, row, why)});
    }
    return chosen;
}

}  // namespace

std::shared_ptr<const QueryStrategy> coresetStrategy() { return std::make_shared<Coreset>(); }

}  // namespace fovea::query
