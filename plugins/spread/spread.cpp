#include "plugins/spread/spread.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/rng.h"

namespace fovea::plugins {

namespace {

// Between centres, in patch sizes along each axis, so that thick sections count as what they are. Infinite between
// cases.
double distance(const Patch& a, const Patch& b) {
    if (a.caseId != b.caseId) return std::numeric_limits<double>::infinity();
    double sum = 0;
    for (int axis = 0; axis < 3; ++axis) {
        const double size = double(std::max<std::int64_t>(1, a.box.extent()[axis]));
        const double apart = double(a.box.begin[axis] + a.box.end[axis] - b.box.begin[axis] - b.box.end[axis]) / 2;
        sum += apart / size * (apart / size);
    }
    return std::sqrt(sum);
}

std::string sentence(double apart) {
    if (!std::isfinite(apart)) return "The first patch of its image";
    char text[96];
    std::snprintf(text, sizeof text, "%.1f patch sizes away from the nearest labelled or chosen patch", apart);
    return text;
}

class Spread : public plugin::QueryStrategy {
  public:
    std::string id() const override { return "spread"; }
    Text title() const override { return FOVEA_TR("Spread in space"); }
    Text description() const override {
        return FOVEA_TR("Picks patches far from one another in the volume. Needs no features.");
    }
    OptionTable options() const override { return {}; }

    std::vector<ChosenPatch> choose(const query::Pool& pool, int count, const Options&, std::uint64_t seed,
                                    Job& job) const override {
        const std::vector<Patch>& patches = pool.features.patches;
        if (patches.empty())
            throw Error(
                ErrorKind::Input,
                FOVEA_TR("There is no patch to choose from. Import an image and run the features stage first."));
        std::vector<double> apart(patches.size(), std::numeric_limits<double>::infinity());
        std::vector<bool> free(patches.size(), true);
        const auto take = [&](const Patch& taken) {
            for (std::size_t i = 0; i < patches.size(); ++i) {
                apart[i] = std::min(apart[i], distance(patches[i], taken));
                if (patches[i].caseId == taken.caseId && patches[i].box.overlaps(taken.box)) free[i] = false;
            }
        };
        for (const Patch& labelled : pool.labelled) take(labelled);
        // Where several are equally far (all, at the beginning) the walk starts at a place drawn at random.
        const std::size_t first = std::size_t(Rng(seed).below(std::int64_t(patches.size())));
        std::vector<ChosenPatch> chosen;
        while (int(chosen.size()) < count) {
            job.check();
            std::size_t best = patches.size();
            for (std::size_t step = 0; step < patches.size(); ++step) {
                const std::size_t i = (first + step) % patches.size();
                if (free[i] && (best == patches.size() || apart[i] > apart[best])) best = i;
            }
            if (best == patches.size()) break;
            const double score = std::isfinite(apart[best]) ? apart[best] : 0;
            chosen.push_back({patches[best], score, sentence(apart[best])});
            take(patches[best]);
        }
        return chosen;
    }
};

}  // namespace

plugin::Plugin spread() {
    plugin::Plugin result{"spread", FOVEA_TR("Spread in space"), "Apache-2.0"};
    result.strategies = {std::make_shared<Spread>()};
    return result;
}

}  // namespace fovea::plugins
