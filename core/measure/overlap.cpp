#include <algorithm>
#include <unordered_map>

#include "measure/label_index.h"
#include "measure/matching.h"

namespace fovea::measure {
namespace {

struct PairHash {
    std::size_t operator()(const std::pair<std::int64_t, std::int64_t>& p) const {
        std::uint64_t h = std::uint64_t(p.first) * 0x9E3779B97F4A7C15ull + std::uint64_t(p.second);
        h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9ull;
        return std::size_t(h ^ (h >> 32));
    }
};

using Counts = std::unordered_map<std::pair<std::int64_t, std::int64_t>, std::int64_t, PairHash>;

// Sizes of the objects seen so far, by position.
struct Side {
    LabelIndex index;
    std::vector<std::int64_t> sizes;

    // Position of an id after counting n voxels for it; −1 for background.
    std::int64_t count(std::int64_t id, std::int64_t n) {
        if (id == 0) return -1;
        const std::int64_t position = index.position(id);
        if (position == std::int64_t(sizes.size())) sizes.push_back(0);
        sizes[std::size_t(position)] += n;
        return position;
    }
    // Fills ids and sizes in ascending order; returns the new place of each position.
    std::vector<std::int64_t> finish(std::vector<std::int64_t>& ids, std::vector<std::int64_t>& ordered) const {
        std::vector<std::int64_t> place(sizes.size());
        for (std::int64_t position : index.byId()) {
            place[std::size_t(position)] = std::int64_t(ids.size());
            ids.push_back(index.ids()[std::size_t(position)]);
            ordered.push_back(sizes[std::size_t(position)]);
        }
        return place;
    }
};

}  // namespace

template <class T>
OverlapTable overlapTable(const Volume<T>& reference, const Volume<T>& prediction, Job& job) {
    const Index shape = reference.shape();
    if (prediction.shape() != shape)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("Truth ({truth}) and result ({result}) differ in shape; compare volumes of one shape."),
                     {{"truth", toString(shape)}, {"result", toString(prediction.shape())}}});
    Side left, right;
    Counts counts;
    const T *a = reference.data(), *b = prediction.data();
    const std::int64_t total = reference.size();
    constexpr std::int64_t stretch = std::int64_t(1) << 22;
    for (std::int64_t i = 0; i < total;) {
        job.check();
        const std::int64_t end = std::min(total, i + stretch);
        while (i < end) {
            const std::int64_t begin = i;
            const T p = a[i], q = b[i];
            while (i < end && a[i] == p && b[i] == q) ++i;
            const std::int64_t r = left.count(std::int64_t(p), i - begin), s = right.count(std::int64_t(q), i - begin);
            if (r >= 0 && s >= 0) counts[{r, s}] += i - begin;
        }
    }
    OverlapTable table;
    table.volumeVoxels = total;
    const std::vector<std::int64_t> place = left.finish(table.referenceIds, table.referenceSizes);
    const std::vector<std::int64_t> other = right.finish(table.predictedIds, table.predictedSizes);
    table.entries.reserve(counts.size());
    for (const auto& [key, voxels] : counts)
        table.entries.push_back({place[std::size_t(key.first)], other[std::size_t(key.second)], voxels});
    std::sort(table.entries.begin(), table.entries.end(), [](const auto& x, const auto& y) {
        return x.reference != y.reference ? x.reference < y.reference : x.predicted < y.predicted;
    });
    return table;
}

template OverlapTable overlapTable(const Volume<std::int32_t>&, const Volume<std::int32_t>&, Job&);
template OverlapTable overlapTable(const Volume<std::int64_t>&, const Volume<std::int64_t>&, Job&);

std::vector<OverlapTable::Entry> mutualPartners(const OverlapTable& table, double minOverlap) {
    std::vector<std::int64_t> ahead(table.referenceIds.size(), -1), back(table.predictedIds.size(), -1);
    std::vector<double> aheadIou(ahead.size(), 0), backIou(back.size(), 0);
    for (const OverlapTable::Entry& e : table.entries) {
        const double iou = table.iou(e);
        if (iou > aheadIou[e.reference]) aheadIou[e.reference] = iou, ahead[e.reference] = e.predicted;
        if (iou > backIou[e.predicted]) backIou[e.predicted] = iou, back[e.predicted] = e.reference;
    }
    std::vector<OverlapTable::Entry> pairs;
    for (const OverlapTable::Entry& e : table.entries) {
        const std::int64_t smaller = std::min(table.referenceSizes[e.reference], table.predictedSizes[e.predicted]);
        if (ahead[e.reference] == e.predicted && back[e.predicted] == e.reference &&
            double(e.voxels) >= minOverlap * double(smaller))
            pairs.push_back(e);
    }
    return pairs;
}

SplitMerge splitMerge(const OverlapTable& table, std::int64_t num, std::int64_t den) {
    SplitMerge result;
    result.referencePieces.assign(table.referenceIds.size(), 0);
    result.predictionContents.assign(table.predictedIds.size(), 0);
    for (const OverlapTable::Entry& e : table.entries) {
        if (e.voxels * den >= num * table.referenceSizes[e.reference]) ++result.referencePieces[e.reference];
        if (e.voxels * den >= num * table.predictedSizes[e.predicted]) ++result.predictionContents[e.predicted];
    }
    for (std::int64_t pieces : result.referencePieces) {
        result.missed += pieces == 0;
        result.splits += pieces >= 2;
        result.extraPieces += std::max<std::int64_t>(0, pieces - 1);
    }
    for (std::int64_t contents : result.predictionContents) {
        result.spurious += contents == 0;
        result.mergers += contents >= 2;
        result.extraContents += std::max<std::int64_t>(0, contents - 1);
    }
    return result;
}

ForegroundScores foregroundScores(const OverlapTable& table) {
    double both = 0, reference = 0, predicted = 0;
    for (const OverlapTable::Entry& e : table.entries) both += double(e.voxels);
    for (std::int64_t n : table.referenceSizes) reference += double(n);
    for (std::int64_t n : table.predictedSizes) predicted += double(n);
    if (reference + predicted == 0) return {};
    return {2 * both / (reference + predicted), both / (reference + predicted - both)};
}

}  // namespace fovea::measure
