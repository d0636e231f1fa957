#include "segment/link_sections.h"

#include <algorithm>

#include "measure/distance.h"
#include "measure/matching.h"
#include "measure/numbering.h"
#include "measure/object_stats.h"

namespace fovea::segment {

namespace {

Box sectionBox(Index shape, std::int64_t z) { return {{z, 0, 0}, {z + 1, shape.y, shape.x}}; }

// Distance to the outline of one object in a section's part, positive inside.
Volume<float> signedDistance(const Volume<std::int32_t>& labels, std::int32_t id, const Box& part, Job& job) {
    const Volume<std::int32_t> ids = crop(labels, part);
    Volume<std::uint8_t> inside(ids.shape()), outside(ids.shape());
    for (std::int64_t i = 0; i < ids.size(); ++i) {
        inside.data()[i] = ids.data()[i] == id;
        outside.data()[i] = ids.data()[i] != id;
    }
    Volume<float> distance = measure::distanceTransform(inside, {1, 1, 1}, false, job);
    const Volume<float> away = measure::distanceTransform(outside, {1, 1, 1}, false, job);
    for (std::int64_t i = 0; i < distance.size(); ++i) distance.data()[i] -= away.data()[i];
    return distance;
}

class GapBridge {
  public:
    GapBridge(Volume<std::int32_t>& labels, const LinkRules& rules, Job& job)
        : labels_(labels), rules_(rules), job_(job), shape_(labels.shape()) {
        for (const measure::ObjectStats& s : measure::objectStats(labels, nullptr, job)) boxes_.push_back(s.box);
        for (std::size_t i = 0; i < boxes_.size(); ++i) now_.push_back(std::int32_t(i + 1));
    }

    void run() {
        for (std::int64_t gap = 1; gap <= rules_.maxGap; ++gap)
            for (std::int64_t z = 0; z + gap + 1 < shape_.z; ++z) join(z, z + gap + 1);
        for (std::int32_t& id : labels_)
            if (id != 0) id = current(id);
        measure::relabelDense(labels_);
    }

  private:
    std::int32_t current(std::int32_t id) const {
        while (now_[std::size_t(id - 1)] != id) id = now_[std::size_t(id - 1)];
        return id;
    }
    // What ends (or begins) in section z.
    Volume<std::int32_t> loose(std::int64_t z, bool ending) const {
        Volume<std::int32_t> section = crop(labels_, sectionBox(shape_, z));
        for (std::int32_t& id : section) {
            if (id == 0) continue;
            id = current(id);
            const Box& box = boxes_[std::size_t(id - 1)];
            if ((ending ? box.end.z - 1 : box.begin.z) != z) id = 0;
        }
        return section;
    }
    void join(std::int64_t below, std::int64_t above) {
        job_.check();
        const Volume<std::int32_t> ends = loose(below, true), begins = loose(above, false);
        const measure::OverlapTable table = measure::overlapTable(ends, begins, job_);
        for (const auto& e : measure::mutualPartners(table, rules_.minOverlap)) {
            const auto first = std::int32_t(table.referenceIds[std::size_t(e.reference)]);
            const auto second = std::int32_t(table.predictedIds[std::size_t(e.predicted)]);
            fill(ends, first, below, begins, second, above);
            now_[std::size_t(second - 1)] = first;
            Box& box = boxes_[std::size_t(first - 1)];
            box = box.united(boxes_[std::size_t(second - 1)]);
        }
    }
    void fill(const Volume<std::int32_t>& ends, std::int32_t first, std::int64_t below,
              const Volume<std::int32_t>& begins, std::int32_t second, std::int64_t above) {
        Box part = boxes_[std::size_t(first - 1)].united(boxes_[std::size_t(second - 1)]);
        part.begin.z = 0, part.end.z = 1;
        part = part.grown({0, 1, 1}).intersected(ends.box());
        const Volume<float> from = signedDistance(ends, first, part, job_),
                            to = signedDistance(begins, second, part, job_);
        for (std::int64_t z = below + 1; z < above; ++z) {
            const auto t = float(z - below) / float(above - below);
            for (std::int64_t i = 0; i < from.size(); ++i) {
                const Index v = Index{z, part.begin.y + i / from.shape().x, part.begin.x + i % from.shape().x};
                if (labels_[v] == 0 && (1 - t) * from.data()[i] + t * to.data()[i] > 0) labels_[v] = first;
            }
        }
    }

    Volume<std::int32_t>& labels_;
    const LinkRules& rules_;
    Job& job_;
    Index shape_;
    std::vector<Box> boxes_;         // by id − 1
    std::vector<std::int32_t> now_;  // what an id became, by id − 1
};

}  // namespace

PseudoLabels linkSections(const Volume<std::int32_t>& sections, const std::vector<double>& scores,
                          const LinkRules& rules, Job& job) {
    PseudoLabels result;
    result.labels = measure::linkSlices(sections, rules.minOverlap, job);
    GapBridge(result.labels, rules, job).run();
    for (const measure::ObjectStats& s : measure::objectStats(result.labels, nullptr, job))
        result.objects.push_back({std::int32_t(s.id), 0, s.box, s.voxels});
    std::vector<double> seen(result.objects.size(), 0);
    for (std::int64_t i = 0; i < sections.size(); ++i) {
        const std::int32_t id = result.labels.data()[i], found = sections.data()[i];
        if (found == 0) continue;
        result.objects[std::size_t(id - 1)].confidence += scores[std::size_t(found - 1)];
        ++seen[std::size_t(id - 1)];
    }
    for (std::size_t i = 0; i < seen.size(); ++i) result.objects[i].confidence /= seen[i];
    return result;
}

}  // namespace fovea::segment
