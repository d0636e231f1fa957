#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// Which object shares how many voxels with which. Objects are listed by ascending id, background (0) is not an object.
struct OverlapTable {
    struct Entry {
        std::int64_t reference = 0, predicted = 0;  // positions in the lists below
        std::int64_t voxels = 0;
    };
    std::vector<std::int64_t> referenceIds, referenceSizes;
    std::vector<std::int64_t> predictedIds, predictedSizes;
    std::vector<Entry> entries;  // by reference, then predicted
    std::int64_t volumeVoxels = 0;

    double iou(const Entry& e) const {
        return double(e.voxels) / double(referenceSizes[e.reference] + predictedSizes[e.predicted] - e.voxels);
    }
};

// Label volumes of equal shape (else Error(Input)), any ids: int32 or int64.
template <class T>
OverlapTable overlapTable(const Volume<T>& reference, const Volume<T>& prediction, Job& job);
template <class T>
OverlapTable overlapTable(const Volume<T>& reference, const Volume<T>& prediction) {
    Job nothing;
    return overlapTable(reference, prediction, nothing);
}

// Pairs of which each is the other's best IoU (the lower id on ties) and that share at least `minOverlap` of the
// smaller one, by reference.
std::vector<OverlapTable::Entry> mutualPartners(const OverlapTable& table, double minOverlap);

struct MatchedPair {
    std::int64_t reference = 0, predicted = 0;  // ids
    double iou = 0;
};

// Scores are 0 when tp is 0.
struct MatchScores {
    double threshold = 0.5;
    std::int64_t references = 0, predictions = 0;
    std::int64_t tp = 0, fp = 0, fn = 0;
    double precision = 0, recall = 0, f1 = 0;
    double accuracy = 0;             // tp / (tp + fp + fn), often called AP
    double meanTrueScore = 0;        // IoU sum of the pairs / references
    double meanMatchedScore = 0;     // IoU sum of the pairs / tp: segmentation quality
    double panopticQuality = 0;      // meanMatchedScore × f1
    std::vector<MatchedPair> pairs;  // IoU ≥ threshold, by reference id
};

// One-to-one assignment that maximises first the number of pairs with IoU ≥ threshold, then the IoU sum of all assigned
// pairs (as stardist's matching does). IoU = intersection / union in double, compared with ≥.
MatchScores matchObjects(const OverlapTable& table, double threshold);

struct MatchReport {
    std::vector<MatchScores> byThreshold;
    double meanAccuracy = 0;  // over the thresholds
    double meanF1 = 0;
};
// Default thresholds: 0.50, 0.55, … 0.95.
MatchReport matchReport(const OverlapTable& table, const std::vector<double>& thresholds);
std::vector<double> standardThresholds();

// Piece j of reference object i: a predicted object with n_ij ≥ 1 and n_ij·den ≥ num·|R_i|. Content i of predicted
// object j: n_ij ≥ 1 and n_ij·den ≥ num·|P_j|. The default counts overlaps of at least a tenth.
struct SplitMerge {
    std::vector<std::int64_t> referencePieces;     // per reference object, by ascending id
    std::vector<std::int64_t> predictionContents;  // per predicted object, by ascending id
    std::int64_t splits = 0;                       // reference objects with at least two pieces
    std::int64_t mergers = 0;                      // predicted objects with at least two contents
    std::int64_t missed = 0;                       // reference objects without a piece
    std::int64_t spurious = 0;                     // predicted objects without content
    std::int64_t extraPieces = 0;                  // pieces beyond the first, summed
    std::int64_t extraContents = 0;                // contents beyond the first, summed
};
SplitMerge splitMerge(const OverlapTable& table, std::int64_t num = 1, std::int64_t den = 10);

// Voxels that are not background, whatever their id. Both 0 when neither side has foreground.
struct ForegroundScores {
    double dice = 0, iou = 0;
};
ForegroundScores foregroundScores(const OverlapTable& table);

// Percentile bootstrap of F1: draws tp + fp + fn outcomes with replacement. Deterministic for a seed.
struct Interval {
    double low = 0, high = 0;
};
Interval bootstrapF1(std::int64_t tp, std::int64_t fp, std::int64_t fn, std::uint64_t seed, int draws = 2000,
                     double level = 0.95);

}  // namespace fovea::measure
