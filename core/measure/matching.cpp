#include "measure/matching.h"

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "measure/assignment.h"

namespace fovea::measure {
namespace {

// Pairs of the table with IoU ≥ threshold, one-to-one.
std::vector<OverlapTable::Entry> assign(const OverlapTable& table, double threshold) {
    std::vector<OverlapTable::Entry> good;
    std::vector<char> left(table.referenceIds.size(), 0), right(table.predictedIds.size(), 0);
    bool conflict = false;
    for (const OverlapTable::Entry& e : table.entries)
        if (table.iou(e) >= threshold) {
            conflict |= left[e.reference] || right[e.predicted];
            left[e.reference] = right[e.predicted] = 1;
            good.push_back(e);
        }
    // Above one half a pair is each other's only candidate; at one half and below there is something to choose.
    if (!conflict) return good;
    std::vector<WeightedEdge> edges;
    const double more = 1 + double(std::min(table.referenceIds.size(), table.predictedIds.size()));
    for (const OverlapTable::Entry& e : table.entries) {
        const double iou = table.iou(e);
        edges.push_back({e.reference, e.predicted, iou + (iou >= threshold ? more : 0)});
    }
    good.clear();
    for (std::int64_t edge :
         assignSparse(std::int64_t(table.referenceIds.size()), std::int64_t(table.predictedIds.size()), edges))
        if (edge >= 0 && table.iou(table.entries[std::size_t(edge)]) >= threshold)
            good.push_back(table.entries[std::size_t(edge)]);
    return good;
}

}  // namespace

MatchScores matchObjects(const OverlapTable& table, double threshold) {
    MatchScores s;
    s.threshold = threshold;
    s.references = std::int64_t(table.referenceIds.size());
    s.predictions = std::int64_t(table.predictedIds.size());
    double sum = 0;
    for (const OverlapTable::Entry& e : assign(table, threshold)) {
        s.pairs.push_back({table.referenceIds[e.reference], table.predictedIds[e.predicted], table.iou(e)});
        sum += s.pairs.back().iou;
    }
    s.tp = std::int64_t(s.pairs.size());
    s.fp = s.predictions - s.tp;
    s.fn = s.references - s.tp;
    if (s.tp == 0) return s;
    const double tp = double(s.tp);
    s.precision = tp / double(s.predictions);
    s.recall = tp / double(s.references);
    s.f1 = 2 * tp / double(s.references + s.predictions);
    s.accuracy = tp / double(s.tp + s.fp + s.fn);
    s.meanTrueScore = sum / double(s.references);
    s.meanMatchedScore = sum / tp;
    s.panopticQuality = s.meanMatchedScore * s.f1;
    return s;
}

MatchReport matchReport(const OverlapTable& table, const std::vector<double>& thresholds) {
    MatchReport report;
    for (double t : thresholds) {
        report.byThreshold.push_back(matchObjects(table, t));
        report.meanAccuracy += report.byThreshold.back().accuracy / double(thresholds.size());
        report.meanF1 += report.byThreshold.back().f1 / double(thresholds.size());
    }
    return report;
}

std::vector<double> standardThresholds() {
    std::vector<double> result;
    for (int i = 10; i < 20; ++i) result.push_back(i / 20.0);
    return result;
}

Interval bootstrapF1(std::int64_t tp, std::int64_t fp, std::int64_t fn, std::uint64_t seed, int draws, double level) {
    const std::int64_t n = tp + fp + fn;
    if (n <= 0 || draws < 1) return {};
    Rng rng(seed, 0x4631);
    std::vector<double> scores;
    scores.reserve(std::size_t(draws));
    for (int d = 0; d < draws; ++d) {
        std::int64_t hits = 0;
        for (std::int64_t i = 0; i < n; ++i) hits += rng.below(n) < tp;
        scores.push_back(2.0 * double(hits) / double(n + hits));  // misses of both kinds count once
    }
    std::sort(scores.begin(), scores.end());
    const auto at = [&](double share) { return scores[std::size_t(std::lround(share * double(draws - 1)))]; };
    return {at((1 - level) / 2), at((1 + level) / 2)};
}

}  // namespace fovea::measure
