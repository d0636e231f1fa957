#include "bench/bench_network.h"

#include "plan/architecture.h"

namespace fovea::bench {

namespace {
constexpr std::int64_t classes = 3;
const std::vector<double> spacing{50, 4.6, 4.6};
}  // namespace

std::vector<std::int64_t> axesOf(Index patch, int dims) {
    const std::vector<std::int64_t> all{patch.z, patch.y, patch.x};
    return {all.end() - dims, all.end()};
}

nn::Topology plannedNetwork(Index patch, int dims) {
    const auto axes = axesOf(patch, dims);
    const plan::PoolPlan pool = plan::planPooling({spacing.end() - dims, spacing.end()}, {axes.begin(), axes.end()});
    const plan::Sizes features = plan::planFeatures(pool.stages(), plan::baseFeatures, dims == 3 ? 320 : 512);
    return nn::topologyFromArchitecture(plan::architectureJson(plan::networkOf(pool, features, false)), 1, classes);
}

}  // namespace fovea::bench
