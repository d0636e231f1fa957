#include <QTest>
#include <cmath>

#include "segment/link_sections.h"

using namespace fovea;
using namespace fovea::segment;

class TstLinkSections : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void neighbours();
    void gapsAreBridged();
    void longGapsAreNot();
    void fillingLeavesOthersAlone();
    void chainsOfGaps();
    void nothing();
    void stops();
};

namespace {

class Sections {
  public:
    explicit Sections(Index shape) : labels(shape) {}
    // One object of one section.
    void add(std::int64_t z, std::int64_t y, std::int64_t x, std::int64_t size, double score) {
        scores.push_back(score);
        for (std::int64_t i = y; i < y + size; ++i)
            for (std::int64_t j = x; j < x + size; ++j) labels(z, i, j) = std::int32_t(scores.size());
    }
    PseudoLabels linked(std::int64_t maxGap) const {
        Job job;
        return linkSections(labels, scores, {.minOverlap = 0.3, .maxGap = maxGap}, job);
    }

    Volume<std::int32_t> labels;
    std::vector<double> scores;
};

}  // namespace

void TstLinkSections::neighbours() {
    Sections s({3, 30, 40});
    s.add(0, 2, 2, 10, 0.9);
    s.add(0, 2, 20, 10, 0.5);
    s.add(1, 3, 3, 10, 0.6);
    s.add(2, 15, 25, 10, 0.2);
    const PseudoLabels found = s.linked(0);
    QCOMPARE(found.objects.size(), std::size_t(3));
    QVERIFY(found.objects[0].box == (Box{{0, 2, 2}, {2, 13, 13}}));
    QCOMPARE(found.objects[0].voxels, std::int64_t(200));
    QVERIFY(std::abs(found.objects[0].confidence - 0.75) < 1e-9);
    QCOMPARE(found.objects[2].id, 3);
    QCOMPARE(found.labels(2, 16, 26), 3);
}

void TstLinkSections::gapsAreBridged() {
    Sections s({4, 30, 40});
    s.add(0, 5, 5, 10, 1);
    s.add(2, 7, 9, 10, 0.5);
    const PseudoLabels found = s.linked(1);
    QCOMPARE(found.objects.size(), std::size_t(1));
    QCOMPARE(found.objects[0].box.extent().z, std::int64_t(3));
    QCOMPARE(found.labels(1, 11, 12), 1);                          // in both
    QCOMPARE(found.labels(1, 5, 5), 0);                            // a corner of the first alone
    QVERIFY(std::abs(found.objects[0].confidence - 0.75) < 1e-9);  // of what was seen, not of what was filled
    QVERIFY(found.objects[0].voxels > 250);
    QCOMPARE(s.linked(0).objects.size(), std::size_t(2));
}

void TstLinkSections::longGapsAreNot() {
    Sections s({4, 30, 40});
    s.add(0, 5, 5, 10, 1);
    s.add(3, 5, 5, 10, 1);
    QCOMPARE(s.linked(1).objects.size(), std::size_t(2));
    QCOMPARE(s.linked(2).objects.size(), std::size_t(1));
    Sections apart({3, 30, 40});
    apart.add(0, 5, 5, 10, 1);
    apart.add(2, 14, 14, 10, 1);  // hardly overlaps
    QCOMPARE(apart.linked(1).objects.size(), std::size_t(2));
}

void TstLinkSections::fillingLeavesOthersAlone() {
    Sections s({3, 30, 40});
    s.add(0, 5, 5, 10, 1);
    s.add(2, 5, 5, 10, 1);
    s.add(1, 8, 8, 2, 1);  // too little of either to be them
    const PseudoLabels found = s.linked(1);
    QCOMPARE(found.objects.size(), std::size_t(1));  // … but wholly inside: the smaller one counts
    Sections edge({3, 30, 40});
    edge.add(0, 5, 5, 10, 1);
    edge.add(2, 5, 5, 10, 1);
    edge.add(1, 13, 13, 12, 1);
    const PseudoLabels two = edge.linked(1);
    QCOMPARE(two.objects.size(), std::size_t(2));
    QCOMPARE(two.labels(1, 14, 14), two.labels(1, 20, 20));
    QCOMPARE(two.labels(1, 8, 8), two.labels(0, 8, 8));
}

void TstLinkSections::chainsOfGaps() {
    Sections s({7, 20, 20});
    for (std::int64_t z = 0; z < 7; z += 2) s.add(z, 4, 4, 8, 0.1 * double(z));
    const PseudoLabels found = s.linked(1);
    QCOMPARE(found.objects.size(), std::size_t(1));
    QCOMPARE(found.objects[0].voxels, std::int64_t(7 * 64));
    for (std::int64_t z = 0; z < 7; ++z) QCOMPARE(found.labels(z, 6, 6), 1);
}

void TstLinkSections::nothing() {
    Sections s({2, 3, 4});
    const PseudoLabels found = s.linked(3);
    QVERIFY(found.objects.empty());
    QVERIFY(found.labels == Volume<std::int32_t>({2, 3, 4}));
}

void TstLinkSections::stops() {
    Sections s({3, 30, 40});
    s.add(0, 5, 5, 10, 1);
    CancelFlag job;
    job.cancel();
    QVERIFY_EXCEPTION_THROWN(linkSections(s.labels, s.scores, {}, job), Cancelled);
}

QTEST_APPLESS_MAIN(TstLinkSections)
#include "tst_link_sections.moc"
