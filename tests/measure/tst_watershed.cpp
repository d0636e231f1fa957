#include <QTest>
#include <array>
#include <cmath>
#include <queue>
#include <tuple>

#include "base/parallel.h"
#include "base/rng.h"
#include "measure/components.h"
#include "measure/distance.h"
#include "measure/object_stats.h"
#include "measure/watershed.h"

using namespace fovea;
using namespace fovea::measure;

class TstWatershed : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void touchingBallsPart_data();
    void touchingBallsPart();
    void valleyDecides();
    void staysInMask();
    void plateauIsShared();
    void isTheFloodItSaysItIs();
    void slicesForThemselves();
    void threadsDoNotShow();
    void unreachedStaysEmpty();
    void refuses();
    void cancels();
};

void TstWatershed::touchingBallsPart_data() {
    QTest::addColumn<double>("sz");
    QTest::newRow("isotropic") << 1.0;
    QTest::newRow("thick sections") << 3.0;
}

void TstWatershed::touchingBallsPart() {
    QFETCH(double, sz);
    const Vec3 spacing{sz, 1, 1};
    Volume<std::uint8_t> mask({std::int64_t(30 / sz), 30, 50});
    const auto inBall = [&](Index v, double cx) {
        const double z = (double(v.z) - double(mask.shape().z / 2)) * sz, y = double(v.y) - 15, x = double(v.x) - cx;
        return z * z + y * y + x * x <= 100;
    };
    for (std::int64_t z = 0; z < mask.shape().z; ++z)
        for (std::int64_t y = 0; y < 30; ++y)
            for (std::int64_t x = 0; x < 50; ++x) mask(z, y, x) = inBall({z, y, x}, 15) || inBall({z, y, x}, 32);
    QCOMPARE(connectedComponents(mask, 6).count(), 1);
    Volume<float> landscape = distanceTransform(mask, spacing);
    Volume<std::uint8_t> core(mask.shape());
    for (std::int64_t i = 0; i < core.size(); ++i) core.data()[i] = landscape.data()[i] > 7;
    const Components seeds = connectedComponents(core, 26);
    QCOMPARE(seeds.count(), 2);
    for (float& v : landscape) v = -v;
    const auto labels = watershed(landscape, seeds.labels, mask);
    const auto stats = objectStats(labels);
    QCOMPARE(stats.size(), std::size_t(2));
    QVERIFY(std::abs(stats[0].centroid.x - 15) < 1.5);
    QVERIFY(std::abs(stats[1].centroid.x - 32) < 1.5);
    std::int64_t filled = 0, open = 0;
    for (auto v : labels) filled += v != 0;
    for (auto v : mask) open += v != 0;
    QCOMPARE(filled, open);
}

void TstWatershed::valleyDecides() {
    Volume<float> land({1, 1, 7}, std::vector<float>{0, 1, 2, 5, 1, 1, 0});
    Volume<std::int32_t> seeds({1, 1, 7});
    seeds(0, 0, 0) = 100000, seeds(0, 0, 6) = 2;
    QCOMPARE(watershed(land, seeds).vector(), (std::vector<std::int32_t>{100000, 100000, 100000, 2, 2, 2, 2}));
}

void TstWatershed::staysInMask() {
    Volume<float> land({1, 3, 3});
    Volume<std::int32_t> seeds({1, 3, 3});
    seeds(0, 0, 0) = 1, seeds(0, 2, 2) = 2;
    Volume<std::uint8_t> mask({1, 3, 3}, std::vector<std::uint8_t>{1, 1, 0, 0, 0, 1, 0, 0, 0});
    QCOMPARE(watershed(land, seeds, mask, 6).vector(), (std::vector<std::int32_t>{1, 1, 0, 0, 0, 0, 0, 0, 0}));
    QCOMPARE(watershed(land, seeds, mask, 26).vector(), (std::vector<std::int32_t>{1, 1, 0, 0, 0, 1, 0, 0, 0}));
}

void TstWatershed::plateauIsShared() {
    Volume<float> land({1, 1, 8});
    Volume<std::int32_t> seeds({1, 1, 8});
    seeds(0, 0, 0) = 1, seeds(0, 0, 7) = 2;
    QCOMPARE(watershed(land, seeds).vector(), (std::vector<std::int32_t>{1, 1, 1, 1, 2, 2, 2, 2}));
}

// Against a queue of all that waits, lowest first, oldest first among equals.
void TstWatershed::isTheFloodItSaysItIs() {
    Rng rng(4);
    for (int round = 0; round < 120; ++round) {
        const Index n{1 + rng.below(5), 1 + rng.below(9), 1 + rng.below(9)};
        const int connectivity = std::array{6, 26, 4, 8}[std::size_t(round % 4)];
        const bool flat = connectivity == 4 || connectivity == 8, faces = connectivity == 6 || connectivity == 4;
        Volume<float> land(n);
        Volume<std::int32_t> seeds(n);
        Volume<std::uint8_t> mask(n);
        for (float& v : land) v = float(rng.below(6)) - 2;  // many equal ones
        for (std::uint8_t& v : mask) v = rng.below(4) != 0;
        const std::int64_t rare = round % 3 == 0 ? 60 : 8;  // pieces with one seed, with none
        for (std::int32_t& v : seeds) v = rng.below(rare) == 0 ? std::int32_t(1 + rng.below(9)) : 0;
        if (round % 5 == 0) {
            const float odd[] = {NAN, INFINITY, -INFINITY, -0.0f, 1e30f};
            for (float& v : land)
                if (rng.below(3) == 0) v = odd[rng.below(5)];
        }
        if (round % 7 == 0) mask = {};
        const auto open = [&](Index v) { return mask.empty() || mask[v] != 0; };
        using Entry = std::tuple<bool, float, int, Index>;  // NaN last
        const auto later = [](const Entry& a, const Entry& b) {
            const auto& [aNan, aValue, aAge, aAt] = a;
            const auto& [bNan, bValue, bAge, bAt] = b;
            return std::tuple(aNan, aValue, aAge) > std::tuple(bNan, bValue, bAge);
        };
        std::priority_queue<Entry, std::vector<Entry>, decltype(later)> queue(later);
        int age = 0;
        const auto push = [&](Index v) {
            const bool nan = std::isnan(land[v]);
            queue.push({nan, nan ? 0 : land[v], age++, v});
        };
        Volume<std::int32_t> want(n);
        const Box all = Box::of(n);
        forEachTile(all, {1, 1, 1}, [&](const Box& one) {
            const Index v = one.begin;
            if (seeds[v] != 0 && open(v)) want[v] = seeds[v], push(v);
        });
        while (!queue.empty()) {
            const Index at = std::get<3>(queue.top());
            queue.pop();
            forEachTile(Box{at, at + Index{1, 1, 1}}.grown({1, 1, 1}).intersected(all), {1, 1, 1}, [&](const Box& one) {
                const Index v = one.begin, d = v - at;
                if (faces && std::abs(d.z) + std::abs(d.y) + std::abs(d.x) != 1) return;
                if (flat && d.z != 0) return;
                if (want[v] == 0 && open(v)) want[v] = want[at], push(v);
            });
        }
        QVERIFY(watershed(land, seeds, mask, connectivity).vector() == want.vector());
    }
}

void TstWatershed::slicesForThemselves() {
    Volume<std::int32_t> seeds({3, 2, 2});
    seeds(0, 0, 0) = 5, seeds(2, 1, 1) = 7;
    QCOMPARE(watershed(Volume<float>({3, 2, 2}), seeds, {}, 4).vector(),
             (std::vector<std::int32_t>{5, 5, 5, 5, 0, 0, 0, 0, 7, 7, 7, 7}));
}

// Many pieces, large ones among them, flooded several at a time.
void TstWatershed::threadsDoNotShow() {
    const Index n{3, 400, 500};
    Volume<float> land(n);
    Volume<std::int32_t> seeds(n);
    Volume<std::uint8_t> mask(n);
    Rng rng(6);
    for (float& v : land) v = float(rng.below(50));
    for (std::int64_t y = 0; y < n.y; ++y)
        for (std::int64_t x = 0; x < n.x; ++x)
            for (std::int64_t z = 0; z < n.z; ++z) mask(z, y, x) = y < 150 || (y % 20 != 0 && x % 30 != 0);
    for (std::int32_t i = 1; i < 3000; ++i) seeds(rng.below(n.z), rng.below(n.y), rng.below(n.x)) = i;
    for (const int connectivity : {6, 26, 4}) {
        setThreadCount(1);
        const Volume<std::int32_t> one = watershed(land, seeds, mask, connectivity);
        setThreadCount(4);
        const Volume<std::int32_t> four = watershed(land, seeds, mask, connectivity);
        setThreadCount(0);
        QVERIFY(one == four);
    }
}

void TstWatershed::unreachedStaysEmpty() {
    const auto none = watershed(Volume<float>({2, 3, 4}), Volume<std::int32_t>({2, 3, 4}));
    for (auto v : none) QCOMPARE(v, 0);
    QVERIFY(watershed(Volume<float>(), Volume<std::int32_t>()).empty());
    Volume<float> broken({1, 1, 3}, std::vector<float>{0, NAN, 0});
    Volume<std::int32_t> seeds({1, 1, 3}, std::vector<std::int32_t>{4, 0, 0});
    QCOMPARE(watershed(broken, seeds).vector(), (std::vector<std::int32_t>{4, 4, 4}));
}

void TstWatershed::refuses() {
    Volume<float> land({1, 2, 2});
    QVERIFY_EXCEPTION_THROWN(watershed(land, Volume<std::int32_t>({1, 2, 3})), Error);
    QVERIFY_EXCEPTION_THROWN(watershed(land, Volume<std::int32_t>({1, 2, 2}), {}, 18), Error);
}

void TstWatershed::cancels() {
    CancelFlag job;
    job.cancel();
    Volume<std::int32_t> seeds({1, 400, 400});
    seeds(0, 0, 0) = 1;
    QVERIFY_EXCEPTION_THROWN(watershed(Volume<float>({1, 400, 400}), seeds, {}, 6, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstWatershed)
#include "tst_watershed.moc"
