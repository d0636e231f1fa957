#include <QtTest>

#include "base/error.h"
#include "base/rng.h"
#include "segment/mask_shape.h"

using namespace fovea;
using namespace fovea::segment;

class TstMaskShape : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void stabilityCounts();
    void runsRoundTrip();
    void damagedRuns();
    void holes();
    void islands();
};

namespace {

Volume<std::uint8_t> drawn(std::int64_t height, std::int64_t width, const char* picture) {
    Volume<std::uint8_t> mask({1, height, width});
    for (std::uint8_t& v : mask) v = *picture++ == '#';
    return mask;
}

}  // namespace

void TstMaskShape::stabilityCounts() {
    const std::vector<float> logits{-2, -0.5, 0.5, 1, 1.5, 9};
    QCOMPARE(stability(logits), 2.0 / 5);
    QVERIFY(std::isnan(stability(std::vector<float>{-3, -1})));
    QVERIFY(std::isnan(stability({})));
}

void TstMaskShape::runsRoundTrip() {
    QCOMPARE(runLengths(drawn(2, 2, "#...")), (std::vector<std::int64_t>{0, 1, 3}));
    QCOMPARE(runLengths(drawn(2, 2, "....")), (std::vector<std::int64_t>{4}));
    QCOMPARE(runLengths(drawn(2, 3, ".##..#")), (std::vector<std::int64_t>{2, 1, 1, 2}));
    Rng rng(4);
    for (const Index shape : {Index{1, 1, 1}, Index{1, 17, 1}, Index{1, 1, 9}, Index{1, 23, 31}}) {
        Volume<std::uint8_t> mask(shape);
        for (std::uint8_t& v : mask) v = rng.uniform() < 0.4;
        QVERIFY(maskOfRuns(runLengths(mask), shape.y, shape.x) == mask);
    }
}

void TstMaskShape::damagedRuns() {
    for (const std::vector<std::int64_t>& runs :
         {std::vector<std::int64_t>{3}, {5}, {2, -1, 3}, {2, 3}, {std::numeric_limits<std::int64_t>::max(), 1}, {}})
        QVERIFY_EXCEPTION_THROWN(maskOfRuns(runs, 2, 2), Error);
}

// Diagonal neighbours connect, objects and background alike.
void TstMaskShape::holes() {
    auto mask = drawn(3, 5,
                      "#####"
                      "#.#.#"
                      "#####");
    QVERIFY(!fillSmallHoles(mask, 1));
    QVERIFY(fillSmallHoles(mask, 2));
    QVERIFY(mask == Volume<std::uint8_t>({1, 3, 5}, 1));
    auto pair = drawn(4, 4,
                      "####"
                      "#.##"
                      "##.#"
                      "####");
    QVERIFY(!fillSmallHoles(pair, 2));
    QVERIFY(fillSmallHoles(pair, 3));
}

void TstMaskShape::islands() {
    auto mask = drawn(3, 6,
                      "##...#"
                      "##...."
                      "..#...");
    QVERIFY(dropSmallIslands(mask, 2));
    QVERIFY(mask == drawn(3, 6,
                          "##...."
                          "##...."
                          "..#..."));
    QVERIFY(!dropSmallIslands(mask, 5));
    QVERIFY(dropSmallIslands(mask, 100));  // the largest stays
    QCOMPARE(std::count(mask.begin(), mask.end(), 1), 5);
    auto nothing = drawn(1, 3, "...");
    QVERIFY(!dropSmallIslands(nothing, 5));
}

QTEST_APPLESS_MAIN(TstMaskShape)
#include "tst_mask_shape.moc"
