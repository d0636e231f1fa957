#include <QTest>
#include <deque>
#include <limits>

#include "base/rng.h"
#include "plan/nonzero_crop.h"

using namespace fovea;
using namespace fovea::plan;

namespace {

Job nothing;

template <class T>
NonzeroCrop cropOf(const std::vector<Volume<T>>& channels) {
    std::vector<AnyVolume> any;
    for (const auto& channel : channels) any.push_back(AnyVolume::from(channel));
    return nonzeroCrop(MemoryImage(std::move(any)), nothing);
}

// Voxel by voxel from everything outside the volume: the definition.
Volume<std::uint8_t> filled(const Volume<std::uint8_t>& image) {
    const Index n = image.shape();
    Volume<std::uint8_t> outside(n);
    std::deque<Index> open;
    const auto reach = [&](Index v) {
        if (!image.box().contains(v) || image[v] != 0 || outside[v] != 0) return;
        outside[v] = 1;
        open.push_back(v);
    };
    forEachTile(image.box(), {1, 1, 1}, [&](const Box& voxel) {
        const Index v = voxel.begin;
        for (int axis = 0; axis < 3; ++axis)
            if (v[axis] == 0 || v[axis] == n[axis] - 1) reach(v);
    });
    while (!open.empty()) {
        const Index v = open.front();
        open.pop_front();
        for (int axis = 0; axis < 3; ++axis)
            for (const int step : {-1, 1}) {
                Index to = v;
                to[axis] += step;
                reach(to);
            }
    }
    for (auto& v : outside) v = std::uint8_t(1 - v);
    return outside;
}

}  // namespace

class TstNonzeroCrop : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void fillsWhatNoPathLeadsOutOf() {
        for (const Index shape : {Index{6, 7, 150}, Index{9, 9, 64}, Index{3, 3, 3}, Index{5, 40, 65}})
            for (const double share : {0.3, 0.6, 0.72, 0.9}) {
                Rng rng(std::uint64_t(share * 100));
                Volume<std::uint8_t> image(shape);
                for (auto& v : image) v = std::uint8_t(rng.uniform() < share);
                const NonzeroCrop crop = cropOf<std::uint8_t>({image});
                const Volume<std::uint8_t> want = filled(image);
                std::int64_t count = 0;
                forEachTile(image.box(), {1, 1, 1}, [&](const Box& voxel) {
                    QCOMPARE(crop.mask.at(voxel.begin), want[voxel.begin] != 0);
                    count += want[voxel.begin];
                });
                QCOMPARE(crop.mask.count(image.box()), count);
            }
    }

    // A corridor that winds through every row and back: nothing is closed off.
    void longWaysLeadOut() {
        Volume<std::uint8_t> image({3, 41, 41}, 1);
        for (std::int64_t y = 1; y < 40; y += 2)
            for (std::int64_t x = 1; x < 40; ++x) image(1, y, x) = 0;
        for (std::int64_t y = 2; y < 40; y += 2) image(1, y, y % 4 == 0 ? 1 : 39) = 0;
        image(1, 39, 40) = 0;
        const NonzeroCrop open = cropOf<std::uint8_t>({image});
        QVERIFY(!open.mask.at(1, 1, 1));
        image(1, 39, 40) = 1;
        const NonzeroCrop closed = cropOf<std::uint8_t>({image});
        QVERIFY(closed.mask.at(1, 1, 1));
        QVERIFY(closed.mask.full(1, 1, 0, 41));
    }

    void picturesHaveNoHoles() {
        Volume<std::uint8_t> ring({1, 5, 5}, 1);
        ring(0, 2, 2) = 0;
        const NonzeroCrop crop = cropOf<std::uint8_t>({ring});
        QVERIFY(!crop.mask.at(0, 2, 2));
        QVERIFY(!crop.mask.full(0, 2, 0, 5));
        QVERIFY(crop.mask.full(0, 2, 3, 5));
        QVERIFY(crop.box == Box::of(ring.shape()));
    }

    void boxIsTightOverAllChannels() {
        Volume<float> a({4, 6, 200}), b(a.shape());
        a(1, 2, 130) = -1;
        b(2, 4, 7) = 1e-30f;
        QVERIFY((cropOf<float>({a, b}).box == Box{{1, 2, 7}, {3, 5, 131}}));
        QVERIFY((cropOf<float>({a}).box == Box{{1, 2, 130}, {2, 3, 131}}));
    }

    void emptyImageStaysWhole() {
        const NonzeroCrop crop = cropOf<float>({Volume<float>({2, 3, 4})});
        QVERIFY(crop.box == Box::of({2, 3, 4}));
        QCOMPARE(crop.mask.count(crop.box), std::int64_t(0));
    }

    void oneVoxel() {
        QVERIFY(cropOf<std::uint8_t>({Volume<std::uint8_t>({1, 1, 1}, 3)}).mask.at(0, 0, 0));
        QVERIFY(cropOf<std::uint8_t>({Volume<std::uint8_t>({1, 1, 1})}).box == Box::of({1, 1, 1}));
    }

    void notANumberIsNotZero() {
        Volume<float> image({1, 2, 2});
        image(0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
        image(0, 0, 0) = -0.0f;
        QVERIFY((cropOf<float>({image}).box == Box{{0, 1, 1}, {1, 2, 2}}));
    }
};

QTEST_APPLESS_MAIN(TstNonzeroCrop)
#include "tst_nonzero_crop.moc"
