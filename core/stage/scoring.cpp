#include "stage/scoring.h"

#include "measure/matching.h"
#include "measure/numbering.h"

namespace fovea::stage {

namespace {

double f1Of(std::int64_t tp, std::int64_t fp, std::int64_t fn) {
    return tp == 0 ? 0 : 2.0 * double(tp) / double(2 * tp + fp + fn);
}

// Objects that count, cut to the box.
Volume<std::int32_t> counted(Volume<std::int32_t> labels, const Box& test, std::int64_t minVoxels) {
    measure::dropSmallObjects(labels, minVoxels);
    measure::keepIds(labels, measure::idsMostlyInside(labels, test, 0.5));
    return crop(labels, test);
}

}  // namespace

double Scores::f1(bool strict) const { return strict ? f1Of(tp75, fp75, fn75) : f1Of(tp50, fp50, fn50); }

double Scores::dice() const {
    return inTruth + inPrediction == 0 ? 0 : 2.0 * double(both) / double(inTruth + inPrediction);
}

Scores& Scores::operator+=(const Scores& o) {
    references += o.references, predictions += o.predictions;
    tp50 += o.tp50, fp50 += o.fp50, fn50 += o.fn50;
    tp75 += o.tp75, fp75 += o.fp75, fn75 += o.fn75;
    splits += o.splits, merges += o.merges;
    both += o.both, inTruth += o.inTruth, inPrediction += o.inPrediction;
    return *this;
}

nlohmann::json toJson(const Scores& s, std::uint64_t seed) {
    const measure::Interval interval = measure::bootstrapF1(s.tp50, s.fp50, s.fn50, seed);
    return {{"f1", s.f1()},
            {"interval", {interval.low, interval.high}},
            {"f1_75", s.f1(true)},
            {"dice", s.dice()},
            {"splits", s.splits},
            {"merges", s.merges},
            {"true_objects", s.references},
            {"objects", s.predictions},
            {"tp", s.tp50},
            {"fp", s.fp50},
            {"fn", s.fn50},
            {"enough_objects", s.references >= 30}};
}

Scores scoreInside(const Volume<std::int32_t>& truth, const Volume<std::int32_t>& prediction, const Box& test,
                   std::int64_t minVoxels, Job& job) {
    if (truth.shape() != prediction.shape())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The truth is {truth} voxels, the image is {image}. Give labels of the same grid."),
                     {{"truth", toString(truth.shape())}, {"image", toString(prediction.shape())}}});
    Scores scores;
    forEachTile(test, {1, 1, test.extent().x}, [&](const Box& row) {
        const std::int32_t* t = truth.data() + truth.offset(row.begin);
        const std::int32_t* p = prediction.data() + prediction.offset(row.begin);
        for (std::int64_t i = 0; i < row.extent().x; ++i) {
            scores.inTruth += t[i] != 0;
            scores.inPrediction += p[i] != 0;
            scores.both += t[i] != 0 && p[i] != 0;
        }
    });
    const measure::OverlapTable table =
        measure::overlapTable(counted(truth, test, minVoxels), counted(prediction, test, minVoxels), job);
    const measure::MatchScores at50 = measure::matchObjects(table, 0.5), at75 = measure::matchObjects(table, 0.75);
    const measure::SplitMerge sm = measure::splitMerge(table);
    scores.references = at50.references;
    scores.predictions = at50.predictions;
    scores.tp50 = at50.tp, scores.fp50 = at50.fp, scores.fn50 = at50.fn;
    scores.tp75 = at75.tp, scores.fp75 = at75.fp, scores.fn75 = at75.fn;
    scores.splits = sm.splits;
    scores.merges = sm.mergers;
    return scores;
}

}  // namespace fovea::stage
