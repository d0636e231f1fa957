#include "stage/scoring.h"

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "measure/matching.h"
#include "measure/numbering.h"

namespace fovea::stage {

namespace {

constexpr double clearDrop = 0.05;
constexpr std::int64_t enoughObjects = 30;
constexpr int draws = 2000;

double f1Of(std::int64_t tp, std::int64_t fp, std::int64_t fn) {
    return tp == 0 ? 0 : 2.0 * double(tp) / double(2 * tp + fp + fn);
}

// Objects that count, cut to the box.
Volume<std::int32_t> counted(Volume<std::int32_t> labels, const Box& test, std::int64_t minVoxels) {
    measure::dropSmallObjects(labels, minVoxels);
    measure::keepIds(labels, measure::idsMostlyInside(labels, test, 0.5));
    return crop(labels, test);
}

void countVoxels(Scores& scores, const Volume<std::int32_t>& truth, const Volume<std::int32_t>& prediction,
                 const Box& box) {
    forEachTile(box, {1, 1, box.extent().x}, [&](const Box& row) {
        const std::int32_t* t = truth.data() + truth.offset(row.begin);
        const std::int32_t* p = prediction.data() + prediction.offset(row.begin);
        for (std::int64_t i = 0; i < row.extent().x; ++i) {
            scores.inTruth += t[i] != 0;
            scores.inPrediction += p[i] != 0;
            scores.both += t[i] != 0 && p[i] != 0;
        }
    });
}

void countObjects(Scores& scores, const Volume<std::int32_t>& truth, const Volume<std::int32_t>& prediction, Job& job) {
    const measure::OverlapTable table = measure::overlapTable(truth, prediction, job);
    const measure::MatchScores at50 = measure::matchObjects(table, 0.5), at75 = measure::matchObjects(table, 0.75);
    const measure::SplitMerge sm = measure::splitMerge(table);
    scores.references = at50.references;
    scores.predictions = at50.predictions;
    scores.tp50 = at50.tp, scores.fp50 = at50.fp, scores.fn50 = at50.fn;
    scores.tp75 = at75.tp, scores.fp75 = at75.fp, scores.fn75 = at75.fn;
    scores.splits = sm.splits;
    scores.merges = sm.mergers;
    scores.found.assign(table.referenceIds.size(), 0);
    for (const measure::MatchedPair& pair : at50.pairs) {
        const auto at = std::lower_bound(table.referenceIds.begin(), table.referenceIds.end(), pair.reference);
        scores.found[std::size_t(at - table.referenceIds.begin())] = 1;
    }
}

// Ids (ascending) of objects of which at least half is ignored.
std::vector<std::int32_t> mostlyIgnored(const Volume<std::int32_t>& labels, const Volume<std::uint8_t>& ignored) {
    std::map<std::int32_t, std::pair<std::int64_t, std::int64_t>> voxels;  // ignored, all
    for (std::int64_t i = 0; i < labels.size(); ++i)
        if (const std::int32_t id = labels.data()[i]) {
            auto& [out, all] = voxels[id];
            out += ignored.data()[i] != 0;
            ++all;
        }
    std::vector<std::int32_t> ids;
    for (const auto& [id, n] : voxels)
        if (2 * n.first >= n.second) ids.push_back(id);
    return ids;
}

void ignore(Volume<std::int32_t>& labels, const Volume<std::uint8_t>& ignored) {
    const std::vector<std::int32_t> gone = mostlyIgnored(labels, ignored);
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        std::int32_t& id = labels.data()[i];
        if (id != 0 && (ignored.data()[i] != 0 || std::binary_search(gone.begin(), gone.end(), id))) id = 0;
    }
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
    found.insert(found.end(), o.found.begin(), o.found.end());
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
            {"enough_objects", s.references >= enoughObjects}};
}

Scores scoreInside(const Volume<std::int32_t>& truth, const Volume<std::int32_t>& prediction, const Box& test,
                   std::int64_t minVoxels, Job& job) {
    if (truth.shape() != prediction.shape())
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The truth is {truth} voxels, the image is {image}. Give labels of the same grid."),
                     {{"truth", toString(truth.shape())}, {"image", toString(prediction.shape())}}});
    Scores scores;
    countVoxels(scores, truth, prediction, test);
    countObjects(scores, counted(truth, test, minVoxels), counted(prediction, test, minVoxels), job);
    return scores;
}

Scores scoreLabelled(Volume<std::int32_t> reference, Volume<std::int32_t> prediction,
                     const Volume<std::uint8_t>& ignored, const Box& box, Job& job) {
    ignore(reference, ignored);
    ignore(prediction, ignored);
    Scores scores;
    countVoxels(scores, reference, prediction, box);
    countObjects(scores, counted(std::move(reference), box, 0), counted(std::move(prediction), box, 0), job);
    return scores;
}

namespace {

// F1 of `now` less F1 of `inUse`, each true object drawn together for both, each false one for its own side.
std::vector<double> redrawn(const Scores& inUse, const Scores& now, std::uint64_t seed) {
    Rng rng(seed, 0xC0);
    const std::int64_t pairs = std::int64_t(now.found.size()), items = pairs + inUse.fp50 + now.fp50;
    std::vector<double> differences;
    for (int draw = 0; draw < draws; ++draw) {
        std::int64_t tp[2] = {}, fp[2] = {}, fn[2] = {};
        for (std::int64_t i = 0; i < items; ++i) {
            const std::int64_t at = rng.below(items);
            if (at < pairs) {
                ++(inUse.found[std::size_t(at)] ? tp : fn)[0];
                ++(now.found[std::size_t(at)] ? tp : fn)[1];
            } else {
                ++fp[at >= pairs + inUse.fp50];
            }
        }
        differences.push_back(f1Of(tp[1], fp[1], fn[1]) - f1Of(tp[0], fp[0], fn[0]));
    }
    std::sort(differences.begin(), differences.end());
    return differences;
}

}  // namespace

Promotion comparePaired(const Scores& inUse, const Scores& now, std::uint64_t seed) {
    Promotion result;
    if (now.references == 0 || inUse.found.size() != now.found.size()) return result;
    result.judged = true;
    result.difference = now.f1() - inUse.f1();
    const std::vector<double> differences = redrawn(inUse, now, seed);
    result.low = differences[draws / 40];
    result.high = differences[draws - 1 - draws / 40];
    const bool surely = now.references >= enoughObjects && result.high < 0;
    const bool masks = result.difference <= 0 && now.dice() <= inUse.dice() - clearDrop;
    result.promoted = !(result.difference <= -clearDrop || surely || masks);
    return result;
}

}  // namespace fovea::stage
