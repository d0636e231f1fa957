#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "measure/assignment.h"
#include "measure/matching.h"

using namespace fovea;
using namespace fovea::measure;

namespace {

using Ids = std::vector<std::int64_t>;

Volume<std::int64_t> row(Ids values) {
    const auto n = std::int64_t(values.size());
    return Volume<std::int64_t>({1, 1, n}, std::move(values));
}

// Heaviest assignment by trying everything.
double bestByForce(std::int64_t left, std::int64_t right, const std::vector<WeightedEdge>& edges) {
    std::vector<std::vector<double>> w(std::size_t(left), std::vector<double>(std::size_t(right + left), 0));
    for (const auto& e : edges) w[e.left][e.right] = e.weight;
    std::vector<std::int64_t> order(std::size_t(right + left));
    std::iota(order.begin(), order.end(), 0);
    double best = 0;
    const auto walk = [&](auto&& self, std::int64_t i, double sum, std::uint64_t used) -> void {
        if (i == left) {
            best = std::max(best, sum);
            return;
        }
        self(self, i + 1, sum, used);
        for (std::int64_t j = 0; j < right; ++j)
            if (!(used >> j & 1) && w[i][j] > 0) self(self, i + 1, sum + w[i][j], used | std::uint64_t(1) << j);
    };
    walk(walk, 0, 0, 0);
    return best;
}

}  // namespace

class TstMatching : public QObject {
    Q_OBJECT
  private Q_SLOTS:
    void countsOverlaps();
    void hugeIds();
    void iouOnThreshold();
    void assignmentBeatsGreed();
    void tieAtOneHalfFollowsTheSum();
    void emptySides();
    void shapesMustAgree();
    void assignmentIsBest();
    void splitsAndMergers();
    void foreground();
    void bootstrap();
    void cancels();
};

void TstMatching::countsOverlaps() {
    const auto t = overlapTable(row({0, 5, 5, 5, 2, 2, 0}), row({9, 9, 9, 1, 1, 1, 1}));
    QCOMPARE(t.referenceIds, (Ids{2, 5}));
    QCOMPARE(t.referenceSizes, (Ids{2, 3}));
    QCOMPARE(t.predictedIds, (Ids{1, 9}));
    QCOMPARE(t.predictedSizes, (Ids{4, 3}));
    QCOMPARE(t.entries.size(), std::size_t(3));
    QCOMPARE(t.entries[0].voxels, 2);  // 2 with 1
    QCOMPARE(t.entries[1].voxels, 1);  // 5 with 1
    QCOMPARE(t.entries[2].voxels, 2);  // 5 with 9
    QCOMPARE(t.iou(t.entries[2]), 0.5);
}

void TstMatching::hugeIds() {
    const std::int64_t huge = std::int64_t(1) << 60;
    const auto t = overlapTable(row({huge, huge, 70000, 0}), row({huge + 1, huge + 1, 3, 3}));
    const MatchScores s = matchObjects(t, 0.5);
    QCOMPARE(s.tp, 2);
    QCOMPARE(s.pairs[0].reference, 70000);
    QCOMPARE(s.pairs[1].predicted, huge + 1);
}

void TstMatching::iouOnThreshold() {
    Ids reference(20, 1), predicted(20, 0);
    std::fill_n(predicted.begin(), 11, 7);
    const auto t = overlapTable(row(reference), row(predicted));
    const std::vector<double> thresholds = standardThresholds();
    QCOMPARE(matchObjects(t, thresholds[1]).tp, 1);  // 11 / 20 is 0.55 exactly
    QCOMPARE(matchObjects(t, thresholds[2]).tp, 0);
    const MatchReport r = matchReport(t, thresholds);
    QCOMPARE(r.meanAccuracy, 0.2);
    QCOMPARE(r.byThreshold[0].panopticQuality, 0.55);
}

// Reference 1 overlaps both predictions best with 1; taking that pair would leave reference 2 with nothing.
void TstMatching::assignmentBeatsGreed() {
    const auto t = overlapTable(row({1, 1, 1, 1, 1, 2, 2, 2}), row({8, 8, 9, 9, 9, 9, 9, 0}));
    QCOMPARE(matchObjects(t, 0.3).tp, 2);
    const auto pairs = matchObjects(t, 0.3).pairs;
    QCOMPARE(pairs[0].predicted, 8);
    QCOMPARE(pairs[1].predicted, 9);
}

void TstMatching::tieAtOneHalfFollowsTheSum() {
    // Object 1 is covered half by 8 and half by 9 (IoU 0.5 each would need them inside): 9 also serves object 2 below
    // threshold.
    const auto t = overlapTable(row({1, 1, 1, 1, 0, 0}), row({8, 8, 9, 9, 0, 0}));
    const MatchScores s = matchObjects(t, 0.5);
    QCOMPARE(s.tp, 1);
    QCOMPARE(s.fp, 1);
    QCOMPARE(s.fn, 0);
    QCOMPARE(s.pairs[0].iou, 0.5);
    QCOMPARE(s.f1, 2.0 / 3.0);
}

void TstMatching::emptySides() {
    const auto none = overlapTable(row({0, 0, 0}), row({0, 0, 0}));
    const MatchScores n = matchObjects(none, 0.5);
    QCOMPARE(n.tp + n.fp + n.fn, 0);
    QCOMPARE(n.f1, 0.0);
    const MatchScores onlyFound = matchObjects(overlapTable(row({0, 0, 0}), row({1, 0, 2})), 0.5);
    QCOMPARE(onlyFound.fp, 2);
    QCOMPARE(onlyFound.precision, 0.0);
    const MatchScores onlyTrue = matchObjects(overlapTable(row({4, 0, 2}), row({0, 0, 0})), 0.5);
    QCOMPARE(onlyTrue.fn, 2);
    QCOMPARE(overlapTable(Volume<std::int32_t>(), Volume<std::int32_t>()).volumeVoxels, 0);
}

void TstMatching::shapesMustAgree() { QVERIFY_EXCEPTION_THROWN(overlapTable(row({1, 1}), row({1})), Error); }

void TstMatching::assignmentIsBest() {
    Rng rng(11);
    for (int round = 0; round < 300; ++round) {
        const std::int64_t left = 1 + rng.below(6), right = 1 + rng.below(6);
        std::vector<WeightedEdge> edges;
        for (std::int64_t i = 0; i < left; ++i)
            for (std::int64_t j = 0; j < right; ++j)
                if (rng.uniform() < 0.6) edges.push_back({i, j, double(1 + rng.below(8)) / 8 + (rng.below(2) ? 7 : 0)});
        const auto chosen = assignSparse(left, right, edges);
        double sum = 0;
        std::vector<int> taken(std::size_t(right), 0);
        for (std::int64_t i = 0; i < left; ++i)
            if (chosen[i] >= 0) {
                const WeightedEdge& e = edges[std::size_t(chosen[i])];
                QCOMPARE(e.left, i);
                QCOMPARE(taken[e.right]++, 0);
                sum += e.weight;
            }
        QVERIFY(std::abs(sum - bestByForce(left, right, edges)) < 1e-9);
    }
}

void TstMatching::splitsAndMergers() {
    //                                   1 split in two     2, 3 merged   4 missed, 30 spurious
    const auto t =
        overlapTable(row({1, 1, 1, 1, 0, 2, 2, 3, 3, 0, 4, 0}), row({10, 10, 11, 11, 0, 20, 20, 20, 20, 0, 0, 30}));
    const SplitMerge s = splitMerge(t);
    QCOMPARE(s.referencePieces, (Ids{2, 1, 1, 0}));
    QCOMPARE(s.predictionContents, (Ids{1, 1, 2, 0}));
    QCOMPARE(s.splits, 1);
    QCOMPARE(s.mergers, 1);
    QCOMPARE(s.missed, 1);
    QCOMPARE(s.spurious, 1);
    QCOMPARE(s.extraPieces, 1);
    QCOMPARE(s.extraContents, 1);
    QCOMPARE(splitMerge(t, 3, 5).referencePieces, (Ids{0, 1, 1, 0}));
}

void TstMatching::foreground() {
    const auto s = foregroundScores(overlapTable(row({1, 1, 2, 0}), row({0, 5, 5, 5})));
    QCOMPARE(s.dice, 4.0 / 6.0);
    QCOMPARE(s.iou, 0.5);
    QCOMPARE(foregroundScores(overlapTable(row({0}), row({0}))).dice, 0.0);
}

void TstMatching::bootstrap() {
    const Interval a = bootstrapF1(20, 5, 7, 3), b = bootstrapF1(20, 5, 7, 3);
    QCOMPARE(a.low, b.low);
    QCOMPARE(a.high, b.high);
    const double f1 = 40.0 / 52.0;
    QVERIFY(a.low < f1 && f1 < a.high);
    QVERIFY(a.high - a.low > 0.1 && a.high - a.low < 0.4);
    const Interval more = bootstrapF1(2000, 500, 700, 3);
    QVERIFY(more.high - more.low < 0.05);
    QCOMPARE(bootstrapF1(9, 0, 0, 1).low, 1.0);
    QCOMPARE(bootstrapF1(0, 3, 0, 1).high, 0.0);
    QCOMPARE(bootstrapF1(0, 0, 0, 1).high, 0.0);
}

void TstMatching::cancels() {
    CancelFlag job;
    job.cancel();
    QVERIFY_EXCEPTION_THROWN(overlapTable(row({1}), row({1}), job), Cancelled);
}

QTEST_APPLESS_MAIN(TstMatching)
#include "tst_matching.moc"
