#include "measure/numbering.h"

#include <algorithm>
#include <numeric>

#include "measure/label_index.h"
#include "measure/matching.h"

namespace fovea::measure {

namespace {

// Calls f(id, begin, end) for every stretch of one id that is not 0, in C order.
template <class T, class F>
void forStretches(Volume<T>& labels, F&& f) {
    for (auto begin = labels.begin(); begin != labels.end();) {
        const T id = *begin;
        const auto end = std::find_if(begin, labels.end(), [id](T v) { return v != id; });
        if (id != 0) f(id, begin, end);
        begin = end;
    }
}

}  // namespace

template <class T>
std::vector<T> relabelDense(Volume<T>& labels) {
    LabelIndex index;
    forStretches(labels, [&](T id, auto, auto) { index.position(std::int64_t(id)); });
    const std::vector<std::int64_t> order = index.byId();
    std::vector<T> target(order.size()), old(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        target[std::size_t(order[i])] = T(i + 1);
        old[i] = T(index.ids()[std::size_t(order[i])]);
    }
    forStretches(labels, [&](T id, auto begin, auto end) {
        std::fill(begin, end, target[std::size_t(index.position(std::int64_t(id)))]);
    });
    return old;
}

template std::vector<std::int32_t> relabelDense(Volume<std::int32_t>&);
template std::vector<std::int64_t> relabelDense(Volume<std::int64_t>&);

std::int64_t dropSmallObjects(Volume<std::int32_t>& labels, std::int64_t minVoxels) {
    LabelIndex index;
    std::vector<std::int64_t> sizes;
    forStretches(labels, [&](std::int32_t id, auto begin, auto end) {
        const std::int64_t position = index.position(id);
        if (position == std::int64_t(sizes.size())) sizes.push_back(0);
        sizes[std::size_t(position)] += end - begin;
    });
    forStretches(labels, [&](std::int32_t id, auto begin, auto end) {
        if (sizes[std::size_t(index.position(id))] < minVoxels) std::fill(begin, end, 0);
    });
    return std::count_if(sizes.begin(), sizes.end(), [&](std::int64_t n) { return n < minVoxels; });
}

namespace {

Volume<std::int32_t> sliceOf(const Volume<std::int32_t>& labels, std::int64_t z) {
    const Index shape = labels.shape();
    return crop(labels, {{z, 0, 0}, {z + 1, shape.y, shape.x}});
}

}  // namespace

Volume<std::int32_t> linkSlices(const Volume<std::int32_t>& slices, double minOverlap, Job& job) {
    const Index shape = slices.shape();
    Volume<std::int32_t> result(shape);
    result.geometry = slices.geometry;
    std::int32_t used = 0;
    std::vector<std::int32_t> lowerGiven;  // what the objects of the slice before became, by ascending id
    Volume<std::int32_t> lower;
    for (std::int64_t z = 0; z < shape.z; ++z) {
        job.check();
        Volume<std::int32_t> here = sliceOf(slices, z);
        if (lower.empty()) lower = Volume<std::int32_t>(here.shape());
        const OverlapTable table = overlapTable(lower, here, job);
        std::vector<std::int32_t> given(table.predictedIds.size(), 0);
        for (const OverlapTable::Entry& e : mutualPartners(table, minOverlap))
            given[e.predicted] = lowerGiven[e.reference];
        LabelIndex place;
        std::vector<std::int64_t> position;
        for (std::int64_t i = 0; i < here.size(); ++i) {
            const std::int32_t v = here.data()[i];
            if (v == 0) continue;
            const std::int64_t k = place.position(v);
            if (k == std::int64_t(position.size()))
                position.push_back(std::lower_bound(table.predictedIds.begin(), table.predictedIds.end(), v) -
                                   table.predictedIds.begin());
            std::int32_t& id = given[std::size_t(position[std::size_t(k)])];
            if (id == 0) id = ++used;  // first seen in C order
            result.data()[z * here.size() + i] = id;
        }
        lowerGiven = std::move(given);
        lower = std::move(here);
    }
    return result;
}

std::vector<std::int32_t> idsMostlyInside(const Volume<std::int32_t>& labels, const Box& box, double fraction) {
    LabelIndex index;
    std::vector<std::int64_t> all, inside;
    const Index shape = labels.shape();
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                const std::int32_t v = labels(z, y, x);
                if (v == 0) continue;
                const std::int64_t position = index.position(v);
                if (position == std::int64_t(all.size())) all.push_back(0), inside.push_back(0);
                ++all[std::size_t(position)];
                inside[std::size_t(position)] += box.contains(Index{z, y, x});
            }
    std::vector<std::int32_t> ids;
    for (std::int64_t position : index.byId())
        if (double(inside[std::size_t(position)]) >= fraction * double(all[std::size_t(position)]))
            ids.push_back(std::int32_t(index.ids()[std::size_t(position)]));
    return ids;
}

void keepIds(Volume<std::int32_t>& labels, const std::vector<std::int32_t>& ids) {
    std::int32_t last = 0;
    bool keep = true;
    for (std::int32_t& v : labels) {
        if (v == 0) continue;
        if (v != last) {
            last = v;
            keep = std::binary_search(ids.begin(), ids.end(), v);
        }
        if (!keep) v = 0;
    }
}

}  // namespace fovea::measure
