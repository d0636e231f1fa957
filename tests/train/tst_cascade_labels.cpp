// The previous stage's labels, spoilt: each operation against its definition, and what is drawn.
#include "train/cascade_labels.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/parallel.h"
#include "support/named_tests.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

using Mask = Volume<std::uint8_t>;

Mask noise(Index shape, double share, std::uint64_t seed) {
    Rng rng(seed);
    Mask mask(shape);
    for (std::uint8_t& v : mask) v = rng.uniform() < share;
    return mask;
}

// Any (or every) voxel of the ball around each, as far as it lies inside.
Mask slowly(const Mask& mask, double radius, bool any) {
    const auto r = std::int64_t(std::floor(radius));
    Mask result(mask.shape());
    forEachTile(mask.box(), {1, 1, 1}, [&](const Box& voxel) {
        const Index v = voxel.begin;
        bool found = !any;
        for (std::int64_t z = -r; z <= r; ++z)
            for (std::int64_t y = -r; y <= r; ++y)
                for (std::int64_t x = -r; x <= r; ++x) {
                    const Index w{v.z + z, v.y + y, v.x + x};
                    if (double(z * z + y * y + x * x) > radius * radius || !mask.box().contains(w)) continue;
                    if ((mask[w] != 0) == any) found = any;
                }
        result[v] = found;
    });
    return result;
}

void operationsByDefinition() {
    for (const Index shape : {Index{7, 9, 11}, Index{1, 17, 13}})
        for (const double radius : {1.0, 1.5, 2.3, 4.0})
            for (const double share : {0.02, 0.5, 0.97}) {
                const Mask mask = noise(shape, share, std::uint64_t(radius * 100));
                const Mask wide = slowly(mask, radius, true), narrow = slowly(mask, radius, false);
                CHECK(morphed(mask, Morphology::Dilate, radius) == wide);
                CHECK(morphed(mask, Morphology::Erode, radius) == narrow);
                CHECK(morphed(mask, Morphology::Close, radius) == slowly(wide, radius, false));
                CHECK(morphed(mask, Morphology::Open, radius) == slowly(narrow, radius, true));
            }
}

void nothingAndEverything() {
    for (const auto operation : {Morphology::Dilate, Morphology::Erode, Morphology::Close, Morphology::Open})
        for (const std::uint8_t value : {0, 1}) {
            const Mask mask({4, 5, 6}, value);
            CHECK(morphed(mask, operation, 3) == mask);
        }
}

Volume<float> channel(Index shape, const std::vector<Box>& boxes) {
    Volume<float> v(shape);
    for (const Box& box : boxes) forEachTile(box, {1, 1, 1}, [&](const Box& voxel) { v[voxel.begin] = 1; });
    return v;
}

CascadeSpoiling always(double shape, double removal) {
    CascadeSpoiling options;
    options.shape = {shape, 1};
    options.removal = {removal, 1};
    return options;
}

double sum(const Volume<float>& v) { return double(std::count(v.begin(), v.end(), 1.f)); }

// Labels never overlap, and what one gains the others lose.
void addedVoxelsAreTaken() {
    const Index shape{1, 30, 30};
    bool grown = false, shrunk = false;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        std::vector<Volume<float>> labels{channel(shape, {Box{{0, 5, 5}, {1, 20, 14}}}),
                                          channel(shape, {Box{{0, 5, 14}, {1, 20, 25}}})};
        const double before = sum(labels[0]) + sum(labels[1]);
        Rng rng(seed);
        spoilCascadeLabels(labels, always(1, 0), rng);
        for (std::int64_t i = 0; i < labels[0].size(); ++i) CHECK(labels[0].data()[i] + labels[1].data()[i] <= 1);
        const double after = sum(labels[0]) + sum(labels[1]);
        grown = grown || after > before, shrunk = shrunk || after < before;
    }
    CHECK(grown && shrunk);
}

void oneSmallComponentGoes() {
    const Index shape{4, 20, 20};
    const Box large{{0, 0, 0}, {4, 20, 6}}, one{{1, 2, 10}, {2, 4, 12}}, two{{1, 10, 10}, {3, 12, 12}};
    int removed[2] = {};
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        std::vector<Volume<float>> labels{channel(shape, {large, one, two})};
        Rng rng(seed);
        spoilCascadeLabels(labels, always(0, 1), rng);
        const bool first = labels[0] == channel(shape, {large, two}),
                   second = labels[0] == channel(shape, {large, one});
        CHECK(first || second);  // the large one, 30 % of the patch, never
        ++removed[second];
    }
    CHECK(removed[0] > 15 && removed[1] > 15);
    std::vector<Volume<float>> labels{channel(shape, {large}), Volume<float>(shape)};
    Rng rng(1);
    spoilCascadeLabels(labels, always(0, 1), rng);
    CHECK(labels[0] == channel(shape, {large}) && sum(labels[1]) == 0);
}

// A patch stays as it is with (1 − 0.4 · ½) · (1 − 0.2 · ½) where every operation changes a single label.
void howOften() {
    const Index shape{1, 24, 24};
    // A plus with a dot: removed by opening, closed to one, grown and shrunk by the others.
    const Volume<float> plus =
        channel(shape, {Box{{0, 11, 8}, {1, 12, 15}}, Box{{0, 8, 11}, {1, 15, 12}}, Box{{0, 9, 9}, {1, 10, 10}}});
    constexpr int times = 3000;
    int same = 0;
    for (std::uint64_t seed = 0; seed < times; ++seed) {
        std::vector<Volume<float>> labels{plus};
        Rng rng(9, seed);
        spoilCascadeLabels(labels, {}, rng);
        same += labels[0] == plus;
    }
    CHECK_NEAR(same / double(times), 0.8 * 0.9, 0.03);
}

void sameForTheSameSeed() {
    std::vector<Volume<float>> first;
    for (const int threads : {1, 3}) {
        setThreadCount(threads);
        std::vector<Volume<float>> labels;
        for (std::uint64_t k = 0; k < 3; ++k) {
            const Mask mask = noise({6, 12, 12}, 0.05, k);
            Volume<float>& label = labels.emplace_back(mask.shape());
            std::copy(mask.begin(), mask.end(), label.begin());
        }
        Rng rng(5);
        spoilCascadeLabels(labels, always(1, 1), rng);
        if (threads == 1)
            first = labels;
        else
            CHECK(labels == first);
    }
    setThreadCount(0);
    std::vector<Volume<float>> none;
    Rng rng(5);
    spoilCascadeLabels(none, always(1, 1), rng);
    CHECK(none.empty());
}

}  // namespace

std::vector<fovea::test::NamedTest> fovea::test::tests() {
    return {{"operations by definition", operationsByDefinition},
            {"nothing and everything", nothingAndEverything},
            {"added voxels are taken", addedVoxelsAreTaken},
            {"one small component goes", oneSmallComponentGoes},
            {"how often", howOften},
            {"same for the same seed", sameForTheSameSeed}};
}
