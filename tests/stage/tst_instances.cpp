#include <QTest>
#include <set>

#include "base/error.h"
#include "stage/instance_rules.h"

using namespace fovea;
using namespace fovea::stage;

namespace {

void fillBox(Volume<std::uint8_t>& v, const Box& box, std::uint8_t value) {
    forEachTile(box, {1, 1, 1}, [&](const Box& b) { v[b.begin] = value; });
}

std::set<std::int32_t> idsOf(const Volume<std::int32_t>& v) {
    std::set<std::int32_t> ids(v.begin(), v.end());
    ids.erase(0);
    return ids;
}

}  // namespace

class TestInstances : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void borderPartsTouchingObjects() {
        Volume<std::uint8_t> interior({1, 12, 20}), border({1, 12, 20});
        fillBox(interior, {{0, 2, 2}, {1, 10, 9}}, 255);
        fillBox(interior, {{0, 2, 11}, {1, 10, 18}}, 255);
        fillBox(border, {{0, 2, 9}, {1, 10, 11}}, 255);
        Job job;
        const auto labels = findInstances(interior, border, {.minVoxels = 5}, job);
        QCOMPARE(idsOf(labels), (std::set<std::int32_t>{1, 2}));
        QCOMPARE(std::count(labels.begin(), labels.end(), 0),
                 std::ptrdiff_t(12 * 20 - 8 * 16));  // the border is shared out
        QVERIFY(labels(0, 5, 3) != labels(0, 5, 16));
    }

    void whatIsSureButAllBorderIsAnObject() {
        Volume<std::uint8_t> interior({1, 12, 30}), border({1, 12, 30});
        fillBox(border, {{0, 2, 2}, {1, 4, 10}}, 250);  // too thin for an interior
        fillBox(border, {{0, 2, 12}, {1, 10, 20}}, 255);
        fillBox(interior, {{0, 3, 13}, {1, 9, 19}}, 255);  // its border holds a seed
        fillBox(border, {{0, 3, 13}, {1, 9, 19}}, 0);
        fillBox(border, {{0, 2, 22}, {1, 4, 28}}, 140);  // foreground, but not surely
        Job job;
        for (const bool perSlice : {false, true}) {
            const auto labels = findInstances(interior, border, {.minVoxels = 1, .perSlice = perSlice}, job);
            QCOMPARE(idsOf(labels), (std::set<std::int32_t>{1, 2}));
            QCOMPARE(std::count(labels.begin(), labels.end(), labels(0, 2, 2)), std::ptrdiff_t(2 * 8));
            QCOMPARE(std::count(labels.begin(), labels.end(), labels(0, 5, 15)), std::ptrdiff_t(8 * 8));
        }
    }

    void foregroundWithoutSureInteriorIsDropped() {
        Volume<std::uint8_t> interior({1, 8, 16});
        fillBox(interior, {{0, 1, 1}, {1, 6, 6}}, 140);  // above the threshold, below the seed's
        fillBox(interior, {{0, 1, 9}, {1, 6, 14}}, 250);
        Job job;
        QCOMPARE(idsOf(findInstances(interior, {}, {.minVoxels = 1}, job)).size(), std::size_t(1));
        QCOMPARE(idsOf(findInstances(interior, {}, {.seedThreshold = 0.5, .minVoxels = 1}, job)).size(),
                 std::size_t(2));
    }

    void whatASingleSectionClaimsIsAveragedAway() {
        Volume<std::uint8_t> interior({9, 12, 24});
        fillBox(interior, {{0, 2, 2}, {9, 10, 10}}, 255);
        fillBox(interior, {{4, 2, 2}, {5, 10, 10}}, 0);     // a section that was not recognised
        fillBox(interior, {{6, 2, 14}, {7, 10, 22}}, 255);  // one that was mistaken
        Job job;
        InstanceRules rules;
        rules.minVoxels = 1;
        rules.perSlice = true;
        QCOMPARE(idsOf(findInstances(interior, {}, rules, job)).size(), std::size_t(3));
        rules.zRadius = 1;
        const auto labels = findInstances(interior, {}, rules, job);
        QCOMPARE(idsOf(labels).size(), std::size_t(1));
        QCOMPARE(labels(4, 5, 5), labels(0, 5, 5));
    }

    void thinObjectsGoUnlessTheyLeaveTheStack() {
        Volume<std::uint8_t> interior({8, 12, 24});
        fillBox(interior, {{3, 2, 2}, {4, 10, 10}}, 255);
        fillBox(interior, {{7, 2, 14}, {8, 10, 22}}, 255);
        Job job;
        InstanceRules rules;
        rules.minVoxels = 1;
        rules.perSlice = true;
        rules.minSections = 2;
        const auto labels = findInstances(interior, {}, rules, job);
        QCOMPARE(labels(3, 5, 5), 0);
        QVERIFY(labels(7, 5, 16) != 0);
    }

    void smallOnesAreDropped() {
        Volume<std::uint8_t> interior({2, 8, 8});
        fillBox(interior, {{0, 0, 0}, {1, 2, 2}}, 255);
        fillBox(interior, {{0, 4, 4}, {2, 8, 8}}, 255);
        Job job;
        const auto labels = findInstances(interior, {}, {.minVoxels = 5}, job);
        QCOMPARE(idsOf(labels), (std::set<std::int32_t>{1}));
        QCOMPARE(labels(0, 0, 0), 0);
    }

    void slicesAreJoinedAlongZ() {
        Volume<std::uint8_t> interior({5, 20, 20});
        for (int z = 0; z < 5; ++z) fillBox(interior, {{z, 2 + z, 2}, {z + 1, 10 + z, 10}}, 255);  // drifts
        fillBox(interior, {{4, 2, 14}, {5, 8, 19}}, 255);
        Job job;
        InstanceRules rules;
        rules.minVoxels = 1;
        rules.perSlice = true;
        const auto labels = findInstances(interior, {}, rules, job);
        QCOMPARE(idsOf(labels).size(), std::size_t(2));
        QCOMPARE(labels(0, 4, 4), labels(4, 10, 4));
        rules.linkOverlap = 0.95;
        QVERIFY(idsOf(findInstances(interior, {}, rules, job)).size() > 2);
    }

    void oddShapes() {
        Job job;
        Volume<std::uint8_t> one({1, 1, 1}, 255);
        QCOMPARE(findInstances(one, {}, {.minVoxels = 1}, job)(0, 0, 0), 1);
        Volume<std::uint8_t> none({3, 4, 5});
        QVERIFY(idsOf(findInstances(none, none, {}, job)).empty());
        InstanceRules slices;
        slices.perSlice = true;
        QVERIFY(idsOf(findInstances(none, {}, slices, job)).empty());
        CancelFlag cancel;
        cancel.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, findInstances(none, {}, slices, cancel));
    }

    void acceptedObjectsKeepTheirVoxels() {
        Volume<std::int32_t> labels({1, 10, 20}), accepted({1, 10, 20});
        const auto box = [](Volume<std::int32_t>& v, const Box& b, std::int32_t id) {
            forEachTile(b, {1, 1, 1}, [&](const Box& at) { v[at.begin] = id; });
        };
        box(labels, {{0, 0, 0}, {1, 10, 6}}, 1);    // mostly covered
        box(labels, {{0, 0, 8}, {1, 10, 12}}, 2);   // half covered
        box(labels, {{0, 0, 14}, {1, 10, 20}}, 3);  // free
        box(accepted, {{0, 0, 0}, {1, 10, 5}}, 70001);
        box(accepted, {{0, 0, 8}, {1, 10, 10}}, 9);
        Job job;
        const InstanceRules rules{.minVoxels = 5};
        keepAccepted(labels, {accepted, Volume<std::uint8_t>(labels.shape()), {}}, rules, job);
        QCOMPARE(idsOf(labels), (std::set<std::int32_t>{9, 70001, 70002, 70003}));
        QCOMPARE(labels(0, 0, 0), 70001);
        QCOMPARE(labels(0, 0, 5), 0);  // a sliver beside it
        QCOMPARE(labels(0, 0, 10), 70002);
        QCOMPARE(labels(0, 0, 15), 70003);
        Volume<std::int32_t> other({1, 10, 21});
        QVERIFY_THROWS_EXCEPTION(Error,
                                 keepAccepted(labels, {other, Volume<std::uint8_t>(other.shape()), {}}, rules, job));
    }

    void whatAPatchCutGoesOnWhereItWasFound() {
        const Index shape{7, 12, 30};
        const auto box = [](auto& v, const Box& b, int id) {
            forEachTile(b, {1, 1, 1},
                        [&](const Box& at) { v[at.begin] = static_cast<std::decay_t<decltype(v[b.begin])>>(id); });
        };
        Annotated known{Volume<std::int32_t>(shape), Volume<std::uint8_t>(shape), {}};
        for (const std::int64_t z : {1, 5}) box(known.weight, {{z, 0, 0}, {z + 1, 12, 30}}, 255);  // two patches
        box(known.accepted, {{1, 2, 2}, {2, 8, 8}}, 40);  // the same pillar, seen in both patches
        box(known.accepted, {{5, 2, 2}, {6, 8, 8}}, 41);
        box(known.accepted, {{1, 2, 12}, {2, 8, 16}}, 50);  // shown apart in one patch
        box(known.accepted, {{1, 2, 16}, {2, 8, 20}}, 51);
        known.cut = {{40, {0}}, {41, {1}}, {50, {0}}, {51, {0}}};
        Volume<std::int32_t> labels(shape);
        box(labels, {{0, 2, 2}, {7, 8, 9}}, 1);    // a little too large
        box(labels, {{0, 2, 12}, {4, 8, 20}}, 2);  // both as one
        box(labels, {{0, 2, 24}, {4, 8, 28}}, 3);  // the person saw nothing there in section 1
        Job job;
        InstanceRules rules;
        rules.minVoxels = 1;
        const auto continued = keepAccepted(labels, known, rules, job);
        QCOMPARE(continued, (std::vector<std::int32_t>{40, 50, 51}));
        QCOMPARE(idsOf(labels), (std::set<std::int32_t>{40, 50, 51, 52}));
        for (std::int64_t z = 0; z < 7; ++z) QCOMPARE(labels(z, 4, 4), 40);
        QCOMPARE(labels(1, 4, 8), 0);   // background in the patch
        QCOMPARE(labels(0, 4, 8), 40);  // not known beyond it
        for (const std::int64_t z : {0, 2, 3}) {
            QCOMPARE(labels(z, 4, 13), 50);
            QCOMPARE(labels(z, 4, 18), 51);
        }
        QCOMPARE(labels(0, 4, 25), 52);
        QCOMPARE(labels(1, 4, 25), 0);
    }
};

QTEST_APPLESS_MAIN(TestInstances)
#include "tst_instances.moc"
