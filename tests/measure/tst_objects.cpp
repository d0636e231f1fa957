#include <QTest>

#include "base/parallel.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"

using namespace fovea;
using namespace fovea::measure;

namespace {

void fillBox(Volume<std::int32_t>& labels, const Box& box, std::int32_t id) {
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
            for (std::int64_t x = box.begin.x; x < box.end.x; ++x) labels(z, y, x) = id;
}

}  // namespace

class TstObjects : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void stats();
    void statsOfNothing();
    void borderInOneSlice();
    void relabels();
    void dropsSmall();
    void linksOverlaps();
    void linkNeedsMutualBest();
    void linkNeedsOverlap();
    void insideBox();
    void parallelPassesErrors();
};

void TstObjects::stats() {
    Volume<std::int32_t> labels({5, 10, 10});
    fillBox(labels, {{1, 2, 3}, {3, 4, 7}}, 200000);
    labels(4, 3, 3) = 200000;
    fillBox(labels, {{2, 8, 8}, {3, 10, 10}}, 7);
    Volume<float> image({5, 10, 10});
    for (std::int64_t z = 0; z < 5; ++z) std::fill_n(image.data() + z * 100, 100, float(z));
    const auto s = objectStats(labels, &image);
    QCOMPARE(s.size(), std::size_t(2));
    QCOMPARE(s[0].id, 7);
    QVERIFY(s[0].touchesBorder);
    QCOMPARE(s[0].mean, 2.0);
    QCOMPARE(s[0].centroid.x, 8.5);
    QCOMPARE(s[1].id, 200000);
    QCOMPARE(s[1].voxels, 17);
    QVERIFY((s[1].box == Box{{1, 2, 3}, {5, 4, 7}}));
    QCOMPARE(s[1].area, (std::vector<std::int64_t>{8, 8, 0, 1}));
    QVERIFY(s[1].touchesBorder);  // the last slice
    QCOMPARE(s[1].mean, (8.0 * 1 + 8.0 * 2 + 4) / 17);
    QVERIFY_EXCEPTION_THROWN(objectStats(Volume<std::int32_t>({1, 2, 2}), &image), Error);
}

void TstObjects::statsOfNothing() {
    QVERIFY(objectStats(Volume<std::int32_t>({3, 4, 5})).empty());
    QVERIFY(objectStats(Volume<std::int64_t>()).empty());
    const auto one = objectStats(Volume<std::int64_t>({1, 1, 1}, std::int64_t(1) << 50));
    QCOMPARE(one[0].voxels, 1);
    QVERIFY(one[0].touchesBorder);
}

void TstObjects::borderInOneSlice() {
    Volume<std::int32_t> labels({1, 5, 5});
    labels(0, 2, 2) = 1;
    QVERIFY(!objectStats(labels)[0].touchesBorder);
}

void TstObjects::relabels() {
    Volume<std::int64_t> labels({1, 1, 6}, std::vector<std::int64_t>{0, std::int64_t(1) << 45, 70000, 3, 3, 70000});
    QCOMPARE(relabelDense(labels), (std::vector<std::int64_t>{3, 70000, std::int64_t(1) << 45}));
    QCOMPARE(labels.vector(), (std::vector<std::int64_t>{0, 3, 2, 1, 1, 2}));
    Volume<std::int32_t> nothing({1, 1, 2});
    QVERIFY(relabelDense(nothing).empty());
}

void TstObjects::dropsSmall() {
    Volume<std::int32_t> labels({1, 1, 6}, std::vector<std::int32_t>{5, 5, 9, 0, 5, 2});
    QCOMPARE(dropSmallObjects(labels, 2), 2);
    QCOMPARE(labels.vector(), (std::vector<std::int32_t>{5, 5, 0, 0, 5, 0}));
}

void TstObjects::linksOverlaps() {
    Volume<std::int32_t> slices({3, 8, 16});
    fillBox(slices, {{0, 1, 1}, {1, 5, 5}}, 1);
    fillBox(slices, {{0, 1, 9}, {1, 5, 13}}, 2);
    fillBox(slices, {{1, 2, 1}, {2, 6, 5}}, 8);   // goes on from 1
    fillBox(slices, {{2, 2, 2}, {3, 6, 6}}, 4);   // and on
    fillBox(slices, {{2, 1, 9}, {3, 5, 13}}, 5);  // a slice is missing between: a new object
    Job job;
    const auto linked = linkSlices(slices, 0.3, job);
    QCOMPARE(linked(0, 1, 1), 1);
    QCOMPARE(linked(1, 3, 3), 1);
    QCOMPARE(linked(2, 3, 3), 1);
    QCOMPARE(linked(0, 1, 9), 2);
    QCOMPARE(linked(2, 1, 9), 3);
}

void TstObjects::linkNeedsMutualBest() {
    Volume<std::int32_t> slices({2, 4, 12});
    fillBox(slices, {{0, 0, 0}, {1, 4, 5}}, 1);
    fillBox(slices, {{0, 0, 5}, {1, 4, 12}}, 2);
    fillBox(slices, {{1, 0, 0}, {2, 4, 12}}, 1);  // glues both: goes on from the larger one only
    Job job;
    const auto linked = linkSlices(slices, 0.3, job);
    QCOMPARE(linked(0, 0, 0), 1);
    QCOMPARE(linked(0, 0, 5), 2);
    QCOMPARE(linked(1, 0, 0), 2);
}

void TstObjects::linkNeedsOverlap() {
    Volume<std::int32_t> slices({2, 1, 19});
    fillBox(slices, {{0, 0, 0}, {1, 1, 10}}, 1);
    fillBox(slices, {{1, 0, 9}, {2, 1, 19}}, 1);  // shares a tenth
    Job job;
    QCOMPARE(linkSlices(slices, 0.3, job)(1, 0, 12), 2);
    QCOMPARE(linkSlices(slices, 0.1, job)(1, 0, 12), 1);
    CancelFlag stopped;
    stopped.cancel();
    QVERIFY_EXCEPTION_THROWN(linkSlices(slices, 0.3, stopped), Cancelled);
}

void TstObjects::insideBox() {
    Volume<std::int32_t> labels({1, 1, 10}, std::vector<std::int32_t>{1, 1, 1, 1, 2, 2, 0, 3, 3, 3});
    const Box box{{0, 0, 2}, {1, 1, 8}};
    QCOMPARE(idsMostlyInside(labels, box), (std::vector<std::int32_t>{1, 2}));
    QCOMPARE(idsMostlyInside(labels, box, 0.6), (std::vector<std::int32_t>{2}));
    keepIds(labels, {2});
    QCOMPARE(labels.vector(), (std::vector<std::int32_t>{0, 0, 0, 0, 2, 2, 0, 0, 0, 0}));
}

void TstObjects::parallelPassesErrors() {
    Job job;
    std::vector<int> seen(1000, 0);
    parallelFor(1000, job, [&](std::int64_t i) { ++seen[std::size_t(i)]; });
    for (int n : seen) QCOMPARE(n, 1);
    QVERIFY_EXCEPTION_THROWN(parallelFor(100, job,
                                         [](std::int64_t i) {
                                             if (i == 40) throw Error(ErrorKind::Input, "forty");
                                         }),
                             Error);
    parallelFor(0, job, [](std::int64_t) { QFAIL("nothing to do"); });
}

QTEST_APPLESS_MAIN(TstObjects)
#include "tst_objects.moc"
