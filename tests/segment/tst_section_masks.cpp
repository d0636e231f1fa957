#include <QTest>

#include "segment/section_masks.h"

using namespace fovea;
using namespace fovea::segment;

class TstSectionMasks : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void masksOfLabels();
    void wholeOnesStandForCutOnes();
    void piecesAreJoined();
    void neighboursStayApart();
    void repeats();
    void bestOnTop();
};

namespace {

// A full rectangle.
SectionMask block(std::int64_t y0, std::int64_t x0, std::int64_t y1, std::int64_t x1, double score, bool cut = false) {
    const Box box{{0, y0, x0}, {1, y1, x1}};
    return {box, std::vector<std::uint8_t>(std::size_t(box.count()), 1), score, cut};
}

const Box left{{0, 0, 0}, {1, 40, 60}}, right{{0, 0, 40}, {1, 40, 100}};  // tiles that share x = 40 … 60

}  // namespace

void TstSectionMasks::masksOfLabels() {
    Volume<std::int32_t> labels({1, 4, 5});
    labels(0, 1, 1) = labels(0, 2, 3) = 1;
    labels(0, 0, 4) = 3;
    const auto masks = masksOf(labels, {0, 10, 20}, {0.5, 0.6, 0.7});
    QCOMPARE(masks.size(), std::size_t(2));
    QVERIFY(masks[0].box == (Box{{0, 11, 21}, {1, 13, 24}}));
    QCOMPARE(areaOf(masks[0]), std::int64_t(2));
    QVERIFY(masks[1].box == (Box{{0, 10, 24}, {1, 11, 25}}));
    QCOMPARE(masks[1].score, 0.7);
    QVERIFY(masksOf(Volume<std::int32_t>({1, 3, 3}), {}, {}).empty());
}

void TstSectionMasks::wholeOnesStandForCutOnes() {
    const auto joined =
        joinTiles({{left, {block(5, 30, 20, 55, 0.6)}}, {right, {block(5, 40, 20, 55, 0.9, true)}}}, 0.5);
    QCOMPARE(joined.size(), std::size_t(1));
    QVERIFY(joined[0].box == (Box{{0, 5, 30}, {1, 20, 55}}));
    QCOMPARE(joined[0].score, 0.6);
}

void TstSectionMasks::piecesAreJoined() {
    const auto joined =
        joinTiles({{left, {block(5, 20, 20, 60, 0.6, true)}}, {right, {block(6, 40, 20, 80, 0.9, true)}}}, 0.5);
    QCOMPARE(joined.size(), std::size_t(1));
    QVERIFY(joined[0].box == (Box{{0, 5, 20}, {1, 20, 80}}));
    QCOMPARE(areaOf(joined[0]), std::int64_t(15 * 40 + 14 * 20));
    QCOMPARE(joined[0].score, 0.9);
}

void TstSectionMasks::neighboursStayApart() {
    const auto joined =
        joinTiles({{left, {block(0, 20, 10, 50, 0.6, true)}}, {right, {block(8, 40, 30, 80, 0.9, true)}}}, 0.5);
    QCOMPARE(joined.size(), std::size_t(2));
    // Two of one tile are never one.
    QCOMPARE(joinTiles({{left, {block(0, 0, 9, 9, 1), block(0, 0, 9, 9, 1)}}}, 0.5).size(), std::size_t(2));
    QVERIFY(joinTiles({}, 0.5).empty());
}

void TstSectionMasks::repeats() {
    const auto kept = withoutRepeats({block(0, 0, 10, 10, 0.5), block(0, 1, 10, 11, 0.9),  // nearly the same
                                      block(2, 2, 5, 5, 0.4),                              // inside both
                                      block(0, 8, 10, 20, 0.3),                            // overlaps a little
                                      block(30, 30, 31, 31, 0.1)});
    QCOMPARE(kept.size(), std::size_t(3));
    QCOMPARE(kept[0].score, 0.9);
    QCOMPARE(kept[1].score, 0.3);
    QCOMPARE(kept[2].score, 0.1);
}

void TstSectionMasks::bestOnTop() {
    auto ring = block(0, 0, 9, 9, 0.9);
    ring.pixels[4 * 9 + 4] = 0;
    const auto labels = paintMasks({ring, block(0, 5, 9, 20, 0.5), block(0, 0, 9, 10, 0.2)}, {1, 12, 20}, 10);
    QCOMPARE(labels(0, 4, 4), 1);  // what another left there was too small
    QCOMPARE(labels(0, 0, 8), 1);
    QCOMPARE(labels(0, 0, 9), 2);
    QCOMPARE(labels(0, 11, 0), 0);
    QCOMPARE(paintMasks({ring}, {1, 12, 20}, 10)(0, 4, 4), 1);
    QVERIFY(paintMasks({ring}, {1, 12, 20}, 100) == Volume<std::int32_t>({1, 12, 20}));
}

QTEST_APPLESS_MAIN(TstSectionMasks)
#include "tst_section_masks.moc"
