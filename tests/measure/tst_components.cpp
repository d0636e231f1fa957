#include <QTest>
#include <deque>

#include "base/parallel.h"
#include "base/rng.h"
#include "measure/components.h"

using namespace fovea;
using namespace fovea::measure;

namespace {

// Flood fill, voxel by voxel: the definition.
template <class T>
Volume<std::int32_t> flood(const Volume<T>& labels, int connectivity, bool multi) {
    Volume<std::int32_t> out(labels.shape());
    std::int32_t used = 0;
    const bool flat = connectivity == 4 || connectivity == 8;
    const int most = connectivity == 6 || connectivity == 4 ? 1 : connectivity == 18 || connectivity == 8 ? 2 : 3;
    for (std::int64_t start = 0; start < labels.size(); ++start) {
        if (labels.data()[start] == 0 || out.data()[start] != 0) continue;
        out.data()[start] = ++used;
        std::deque<std::int64_t> open{start};
        while (!open.empty()) {
            const std::int64_t i = open.front();
            open.pop_front();
            const Index n = labels.shape();
            const Index at{i / (n.y * n.x), i / n.x % n.y, i % n.x};
            for (int dz = flat ? 0 : -1; dz <= (flat ? 0 : 1); ++dz)
                for (int dy = -1; dy <= 1; ++dy)
                    for (int dx = -1; dx <= 1; ++dx) {
                        if (dz * dz + dy * dy + dx * dx > most) continue;
                        const Index to = at + Index{dz, dy, dx};
                        if (!labels.box().contains(to) || labels[to] == 0 || out[to] != 0) continue;
                        if (multi && labels[to] != labels[at]) continue;
                        out[to] = used;
                        open.push_back(labels.offset(to));
                    }
        }
    }
    return out;
}

Volume<std::uint8_t> noise(Index shape, double share, int values, std::uint64_t seed) {
    Rng rng(seed);
    Volume<std::uint8_t> volume(shape);
    for (auto& v : volume) v = rng.uniform() < share ? std::uint8_t(1 + rng.below(values)) : 0;
    return volume;
}

}  // namespace

class TstComponents : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void equalsFloodFill_data();
    void equalsFloodFill();
    void slabsAndThreadsDoNotShow();
    void oddShapes();
    void sizesAndFilter();
    void wideIds();
    void refusesConnectivity();
    void cancels();
};

void TstComponents::equalsFloodFill_data() {
    QTest::addColumn<int>("connectivity");
    QTest::addColumn<bool>("multi");
    QTest::addColumn<double>("share");
    for (int connectivity : {4, 6, 8, 18, 26})
        for (bool multi : {false, true})
            for (double share : {0.15, 0.35, 0.7})
                QTest::addRow("%d %s %.2f", connectivity, multi ? "multi" : "binary", share)
                    << connectivity << multi << share;
}

void TstComponents::equalsFloodFill() {
    QFETCH(int, connectivity);
    QFETCH(bool, multi);
    QFETCH(double, share);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
        const auto volume = noise({7, 19, 23}, share, 3, seed);
        const Components c = connectedComponents(volume, connectivity, multi);
        const auto want = flood(volume, connectivity, multi);
        QVERIFY(c.labels == want);
        std::vector<std::int64_t> sizes(std::size_t(c.count()), 0);
        for (std::int32_t v : want)
            if (v) ++sizes[std::size_t(v - 1)];
        QCOMPARE(c.sizes, sizes);
    }
}

// Slices this large fall into slabs of their own.
void TstComponents::slabsAndThreadsDoNotShow() {
    Volume<std::uint8_t> volume({6, 1500, 1500});
    Rng rng(3);
    for (int i = 0; i < 4000; ++i) {
        const Index at{rng.below(6), rng.below(1500), rng.below(1480)};
        for (std::int64_t x = 0; x < 20; ++x) volume(at.z, at.y, at.x + x) = 1;
    }
    for (std::int64_t z = 0; z < 6; ++z) volume(z, 700, 700 + z) = 1;  // a thread through all slabs
    const auto want = flood(volume, 26, false);
    setThreadCount(1);
    const Components one = connectedComponents(volume, 26);
    setThreadCount(4);
    const Components four = connectedComponents(volume, 26);
    setThreadCount(0);
    QVERIFY(one.labels == want);
    QVERIFY(four.labels == want);
    QCOMPARE(one.sizes, four.sizes);
}

void TstComponents::oddShapes() {
    QCOMPARE(connectedComponents(Volume<std::uint8_t>(), 26).count(), 0);
    QCOMPARE(connectedComponents(Volume<std::uint8_t>({1, 1, 1}), 6).count(), 0);
    QCOMPARE(connectedComponents(Volume<std::uint8_t>({1, 1, 1}, 5), 6).sizes, std::vector<std::int64_t>{1});
    Volume<std::uint8_t> line({1, 1, 5}, std::vector<std::uint8_t>{1, 0, 2, 2, 1});
    QCOMPARE(connectedComponents(line, 26).count(), 2);
    QCOMPARE(connectedComponents(line, 26, true).count(), 3);
    Volume<std::uint8_t> column({4, 1, 1}, std::vector<std::uint8_t>{1, 1, 0, 1});
    QCOMPARE(connectedComponents(column, 6).count(), 2);
    QCOMPARE(connectedComponents(column, 4).count(), 3);  // slices for themselves
}

void TstComponents::sizesAndFilter() {
    Volume<std::uint8_t> volume({1, 1, 12}, std::vector<std::uint8_t>{1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1});
    Components c = connectedComponents(volume, 8);
    QCOMPARE(c.sizes, (std::vector<std::int64_t>{1, 3, 2, 3}));
    QCOMPARE(c.largest(), 2);  // the lowest id on ties
    QCOMPARE(c.atLeast(2), (std::vector<std::int32_t>{2, 3, 4}));
    dropSmall(c, 3);
    QCOMPARE(c.labels.vector(), (std::vector<std::int32_t>{0, 0, 2, 2, 2, 0, 0, 0, 0, 4, 4, 4}));
    const Components small = compacted(c);
    QCOMPARE(small.labels.vector(), (std::vector<std::int32_t>{0, 0, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2}));
    QCOMPARE(small.sizes, (std::vector<std::int64_t>{3, 3}));
    QCOMPARE(Components{}.largest(), 0);
}

void TstComponents::wideIds() {
    const std::int64_t huge = std::int64_t(1) << 40;
    Volume<std::int64_t> volume({1, 2, 3}, std::vector<std::int64_t>{huge, huge, 70000, 70000, huge, huge + 1});
    const Components c = connectedComponents(volume, 6, true);
    QCOMPARE(c.labels.vector(), (std::vector<std::int32_t>{1, 1, 2, 3, 1, 4}));
}

void TstComponents::refusesConnectivity() {
    QVERIFY_EXCEPTION_THROWN(connectedComponents(Volume<std::uint8_t>({1, 2, 2}), 7), Error);
}

void TstComponents::cancels() {
    CancelFlag job;
    job.cancel();
    QVERIFY_EXCEPTION_THROWN(connectedComponents(Volume<std::uint8_t>({2, 2, 2}, 1), 6, false, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstComponents)
#include "tst_components.moc"
