// The cheapest surface between two sides of a grid, against every possible one.
#include <QTest>
#include <array>
#include <functional>
#include <limits>

#include "base/rng.h"
#include "segment/grid_cut.h"

namespace fovea::segment {
namespace {

constexpr Index shape{2, 3, 4};

struct Costs {
    std::array<Volume<std::int32_t>, 3> up, down;
    std::int32_t voxelOutside = 0;

    Costs(Index n, std::int32_t value) {
        for (auto* side : {&up, &down}) side->fill(Volume<std::int32_t>(n, value));
    }
    FaceCost operator()(Index v, int axis) const { return {up[std::size_t(axis)][v], down[std::size_t(axis)][v]}; }
    double cut(Volume<Side>& sides, Job& job) const { return cutCheapest(sides, std::cref(*this), voxelOutside, job); }
};

Costs randomCosts(Index n, Rng& rng) {
    Costs costs(n, 0);
    for (auto* side : {&costs.up, &costs.down})
        for (Volume<std::int32_t>& v : *side)
            for (std::int32_t& c : v) c = std::int32_t(rng.below(20));
    return costs;
}

std::int64_t costOf(const Volume<Side>& sides, const Volume<Side>& given, const Costs& costs) {
    const Index n = sides.shape();
    std::int64_t sum = 0;
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y)
            for (std::int64_t x = 0; x < n.x; ++x) {
                const Index v{z, y, x};
                if (given[v] == Side::Open)
                    sum +=
                        sides[v] == Side::Outside ? std::max(0, costs.voxelOutside) : std::max(0, -costs.voxelOutside);
                for (int axis = 0; axis < 3; ++axis) {
                    Index w = v;
                    if (++w[axis] >= n[axis] || (given[v] != Side::Open && given[w] != Side::Open)) continue;
                    if (sides[v] == Side::Inside && sides[w] == Side::Outside) sum += costs.up[axis][v];
                    if (sides[v] == Side::Outside && sides[w] == Side::Inside) sum += costs.down[axis][v];
                }
            }
    return sum;
}

}  // namespace

class TstGridCut : public QObject {
    Q_OBJECT

    Job job_;

  private Q_SLOTS:
    void noOtherSurfaceIsCheaper() {
        Rng rng(3);
        for (int round = 0; round < 20; ++round) {
            Costs costs = randomCosts(shape, rng);
            costs.voxelOutside = std::int32_t(rng.below(9)) - 4;
            Volume<Side> given(shape, Side::Open);
            given(0, 0, 0) = given(0, 0, 1) = given(1, 0, 0) = given(0, 1, 0) = Side::Inside;
            given(1, 2, 3) = given(1, 2, 2) = given(0, 2, 3) = given(1, 1, 3) = Side::Outside;
            given(0, 0, 3) = given(1, 0, 3) = given(0, 2, 0) = given(1, 2, 0) = Side::None;
            std::vector<std::int64_t> open;
            for (std::int64_t i = 0; i < given.size(); ++i)
                if (given.data()[i] == Side::Open) open.push_back(i);
            auto least = std::numeric_limits<std::int64_t>::max();
            for (std::uint32_t bits = 0; bits < 1U << open.size(); ++bits) {
                Volume<Side> sides = given;
                for (std::size_t k = 0; k < open.size(); ++k)
                    sides.data()[open[k]] = (bits >> k & 1U) != 0 ? Side::Inside : Side::Outside;
                least = std::min(least, costOf(sides, given, costs));
            }
            Volume<Side> found = given, again = given;
            costs.cut(found, job_);
            costs.cut(again, job_);
            QCOMPARE(costOf(found, given, costs), least);
            QVERIFY(found == again);
            for (std::int64_t i = 0; i < given.size(); ++i)
                QVERIFY(given.data()[i] == Side::Open
                            ? found.data()[i] == Side::Inside || found.data()[i] == Side::Outside
                            : found.data()[i] == given.data()[i]);
        }
    }

    void saysWhatTheSurfaceCosts() {
        Costs costs({1, 1, 4}, std::int32_t(3 * costUnit));
        costs.up[2](0, 0, 1) = std::int32_t(costUnit);
        Volume<Side> sides({1, 1, 4}, Side::Open);
        sides(0, 0, 0) = Side::Inside, sides(0, 0, 3) = Side::Outside;
        QCOMPARE(costs.cut(sides, job_), 1.0);
        QVERIFY(sides(0, 0, 1) == Side::Inside && sides(0, 0, 2) == Side::Outside);
    }

    void withoutSeedsAllGoesOutside() {
        Rng rng(4);
        Volume<Side> sides(shape, Side::Open);
        QCOMPARE(randomCosts(shape, rng).cut(sides, job_), 0.0);
        QVERIFY(sides == Volume<Side>(shape, Side::Outside));
    }
};

}  // namespace fovea::segment

QTEST_APPLESS_MAIN(fovea::segment::TstGridCut)
#include "tst_grid_cut.moc"
