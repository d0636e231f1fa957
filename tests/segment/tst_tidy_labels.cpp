#include <QTest>
#include <cmath>

#include "segment/tidy_labels.h"
#include "segment/two_means.h"

using namespace fovea;
using namespace fovea::segment;

class TstTidyLabels : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void dropsFillsAndRenumbers();
    void fillsOverOthers();
    void nothing();
    void outlines();
    void meansOfTwoParts();
};

namespace {

void fill(Volume<std::int32_t>& labels, const Box& box, std::int32_t id) {
    for (std::int64_t y = box.begin.y; y < box.end.y; ++y)
        for (std::int64_t x = box.begin.x; x < box.end.x; ++x) labels(0, y, x) = id;
}

}  // namespace

void TstTidyLabels::dropsFillsAndRenumbers() {
    Volume<std::int32_t> labels({1, 20, 30});
    fill(labels, {{0, 0, 0}, {1, 2, 2}}, 3);  // too small
    fill(labels, {{0, 5, 5}, {1, 12, 12}}, 7);
    labels(0, 8, 8) = 0;  // a hole
    fill(labels, {{0, 14, 20}, {1, 20, 30}}, 9);
    labels(0, 19, 25) = 0;  // a notch at the edge is none
    QCOMPARE(tidyLabels(labels, 25), (std::vector<std::int32_t>{7, 9}));
    QCOMPARE(labels(0, 0, 0), 0);
    QCOMPARE(labels(0, 8, 8), 1);
    QCOMPARE(labels(0, 14, 20), 2);
    QCOMPARE(labels(0, 19, 25), 0);
}

void TstTidyLabels::fillsOverOthers() {
    Volume<std::int32_t> labels({1, 20, 20});
    fill(labels, {{0, 2, 2}, {1, 18, 18}}, 1);
    fill(labels, {{0, 6, 6}, {1, 12, 12}}, 2);
    QCOMPARE(tidyLabels(labels, 25), std::vector<std::int32_t>{1});
    QCOMPARE(labels(0, 8, 8), 1);
}

void TstTidyLabels::nothing() {
    Volume<std::int32_t> none, empty({1, 4, 5});
    QVERIFY(tidyLabels(none, 25).empty());
    QVERIFY(tidyLabels(empty, 25).empty());
    removeOutlines(none);
    removeOutlines(empty);
    QVERIFY(empty == Volume<std::int32_t>({1, 4, 5}));
}

void TstTidyLabels::outlines() {
    Volume<std::int32_t> labels({1, 3, 4}, std::vector<std::int32_t>{0, 1, 1, 2,  //
                                                                     0, 1, 1, 2,  //
                                                                     0, 0, 1, 2});
    removeOutlines(labels);
    QCOMPARE(labels.vector(), (std::vector<std::int32_t>{0, 0, 1, 0,  //
                                                         0, 0, 1, 0,  //
                                                         0, 0, 0, 0}));
}

void TstTidyLabels::meansOfTwoParts() {
    QCOMPARE(twoMeans({}), (std::pair{0.0, 0.0}));
    QCOMPARE(twoMeans({0.5}), (std::pair{0.5, 0.5}));
    QCOMPARE(twoMeans({0.5, 0.5, 0.5}), (std::pair{0.5, 0.5}));
    const auto [low, high] = twoMeans({9, 1, 2, 10, 3});
    QVERIFY(std::abs(low - 2) < 1e-12 && std::abs(high - 9.5) < 1e-12);
}

QTEST_APPLESS_MAIN(TstTidyLabels)
#include "tst_tidy_labels.moc"
