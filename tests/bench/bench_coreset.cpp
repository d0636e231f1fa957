#include <numeric>
#include <random>

#include "base/rng.h"
#include "bench/benches.h"
#include "query/k_centre.h"

// Greedy k-centre, 128 of N feature vectors of 768 numbers, cosine distance: the same features and the same three
// starting items as the peers.
namespace fovea::bench {

namespace {

constexpr std::int64_t budget = 128, dim = 768;

// Sixty clusters. The peers draw from another generator; whichever side runs first makes the file that both read.
tensorfile::Tensor features(std::int64_t count) {
    Rng rng(7);
    std::vector<double> centres(std::size_t(60 * dim));
    for (double& value : centres) value = rng.normal();
    std::vector<float> values;
    values.reserve(std::size_t(count * dim));
    for (std::int64_t n = 0; n < count; ++n) {
        const std::int64_t cluster = rng.below(60);
        for (std::int64_t d = 0; d < dim; ++d)
            values.push_back(float(centres[std::size_t(cluster * dim + d)] + 0.7 * rng.normal()));
    }
    return tensorfile::Tensor::from({count, dim}, values);
}

// NumPy's legacy RandomState(4099).randint(0, len(left)) three times: a Mersenne twister, masked and rejected.
std::vector<std::int64_t> publishedStart(std::int64_t count) {
    std::mt19937 generator(4099);
    std::vector<std::int64_t> left(static_cast<std::size_t>(count)), start;
    std::iota(left.begin(), left.end(), std::int64_t(0));
    for (int i = 0; i < 3; ++i) {
        const std::uint32_t most = std::uint32_t(left.size() - 1);
        std::uint32_t mask = most, at = 0;
        for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
        do at = std::uint32_t(generator()) & mask;
        while (at > most);
        start.push_back(left[at]);
        left.erase(left.begin() + at);
    }
    return start;
}

void select(Run& run, std::int64_t count) {
    const tensorfile::Tensor table =
        run.cached("coreset_" + std::to_string(count) + "x768", [&] { return features(count); });
    if (table.shape != tensorfile::Shape{count, dim}) return run.skip("the input file holds another table");
    const std::vector<std::int64_t> start = publishedStart(count);
    std::vector<std::int64_t> order;
    Job job;
    run.measure([&] { order = query::greedyKCentres(table.as<float>(), dim, budget, start, job).order; },
                [&] {
                    Facts facts;
                    facts.work =
                        "N " + std::to_string(count) + ", D 768, budget 128, lazy running minimum, double sums";
                    facts.check = {{"selected", order.size()},
                                   {"first", std::vector<std::int64_t>(order.begin(), order.begin() + 8)},
                                   {"sum_of_ids", std::accumulate(order.begin(), order.end(), std::int64_t(0))}};
                    facts.rates = {{"GB/s of features", double(budget) * double(table.bytes.size()) / 1e9}};
                    return facts;
                });
}

}  // namespace

Bench coreset() {
    return {"coreset",
            {{"k_centre_2000", "128 of 2000", [](Run& run) { select(run, 2000); }},
             {"k_centre_20000", "128 of 20000", [](Run& run) { select(run, 20000); }}}};
}

}  // namespace fovea::bench
