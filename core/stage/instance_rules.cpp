#include "stage/instance_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "measure/components.h"
#include "measure/numbering.h"
#include "measure/watershed.h"

namespace fovea::stage {

namespace {

// Probabilities of being inside of an object and at its border, 0…255; border may be empty.
struct Classes {
    Volume<std::uint8_t> interior, border;
    int foreground(std::int64_t i) const { return interior.data()[i] + (border.empty() ? 0 : border.data()[i]); }
};

Classes crop(const Classes& from, const Box& box) {
    return {crop(from.interior, box), from.border.empty() ? Volume<std::uint8_t>() : crop(from.border, box)};
}

// What is surely foreground and holds no seed is an object without a sure interior, such as a thin end: its own seed.
void addUnseeded(measure::Components& seeds, const Volume<std::uint8_t>& surely, Job& job) {
    const measure::Components pieces = measure::connectedComponents(surely, 6, false, job);
    std::vector<std::int32_t> ids(pieces.sizes.size() + 1, 0);  // −1: it holds a seed
    for (std::int64_t i = 0; i < surely.size(); ++i)
        if (seeds.labels.data()[i]) ids[std::size_t(pieces.labels.data()[i])] = -1;
    std::int32_t next = seeds.count();
    for (std::int64_t i = 0; i < surely.size(); ++i) {
        const std::int32_t piece = pieces.labels.data()[i];
        if (piece == 0 || ids[std::size_t(piece)] < 0) continue;
        std::int32_t& id = ids[std::size_t(piece)];
        if (id == 0) id = ++next;
        seeds.labels.data()[i] = id;
    }
}

// One block (3D) or one slice. Ids 1…n. Objects start where `sure` says.
Volume<std::int32_t> flood(const Classes& reach, const Classes& sure, const InstanceRules& rules, Job& job) {
    const int least = int(std::ceil(rules.threshold * 255)), seedLeast = int(std::ceil(rules.seedThreshold * 255));
    const Index shape = reach.interior.shape();
    Volume<std::uint8_t> mask(shape), starts(shape), surely(shape);
    Volume<float> landscape(shape);
    for (std::int64_t i = 0; i < mask.size(); ++i) {
        mask.data()[i] = reach.foreground(i) >= least;
        starts.data()[i] = mask.data()[i] && sure.interior.data()[i] >= seedLeast;
        surely.data()[i] = mask.data()[i] && sure.foreground(i) >= seedLeast;
        landscape.data()[i] = float(255 - reach.interior.data()[i]);
    }
    measure::Components seeds = measure::connectedComponents(starts, 6, false, job);
    if (!sure.border.empty()) addUnseeded(seeds, surely, job);
    return measure::watershed(landscape, seeds.labels, mask, 6, job);
}

// Mean over 2 · radius + 1 sections; the first and last section stand in for what lies beyond them.
Volume<std::uint8_t> averagedAlongZ(const Volume<std::uint8_t>& p, std::int64_t radius) {
    if (p.empty() || radius == 0) return p;
    const Index shape = p.shape();
    const std::int64_t section = shape.y * shape.x, count = 2 * radius + 1;
    Volume<std::uint8_t> mean(shape);
    std::vector<int> sum(std::size_t(section), 0);
    for (std::int64_t z = 0; z < shape.z; ++z) {
        std::fill(sum.begin(), sum.end(), 0);
        for (std::int64_t k = z - radius; k <= z + radius; ++k) {
            const std::uint8_t* from = p.data() + std::clamp<std::int64_t>(k, 0, shape.z - 1) * section;
            for (std::int64_t i = 0; i < section; ++i) sum[std::size_t(i)] += from[i];
        }
        std::uint8_t* out = mean.data() + z * section;
        for (std::int64_t i = 0; i < section; ++i) out[i] = std::uint8_t((sum[std::size_t(i)] + count / 2) / count);
    }
    return mean;
}

Volume<std::uint8_t> larger(Volume<std::uint8_t> a, const Volume<std::uint8_t>& b) {
    for (std::int64_t i = 0; i < a.size(); ++i) a.data()[i] = std::max(a.data()[i], b.data()[i]);
    return a;
}

// Objects through fewer sections go, but for those cut off by the first or last one.
void dropThin(Volume<std::int32_t>& labels, std::int64_t minSections) {
    const Index shape = labels.shape();
    std::map<std::int32_t, std::pair<std::int64_t, std::int64_t>> extent;
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t i = 0; i < shape.y * shape.x; ++i)
            if (const std::int32_t id = labels.data()[z * shape.y * shape.x + i]) {
                const auto found = extent.try_emplace(id, z, z).first;
                found->second.second = z;
            }
    std::vector<std::int32_t> kept;
    for (const auto& [id, range] : extent) {
        const bool leaves = range.first == 0 || range.second == shape.z - 1;
        if (leaves || range.second - range.first + 1 >= minSections) kept.push_back(id);
    }
    measure::keepIds(labels, kept);
}

// Found id → the accepted ids it continues.
using Continuations = std::map<std::int32_t, std::set<std::int32_t>>;

Continuations continuationsOf(const Volume<std::int32_t>& labels, const Annotated& known, double overlap) {
    std::map<std::int32_t, std::int64_t> sizes;  // of cut objects
    for (const auto& [id, patches] : known.cut) sizes[id] = 0;
    std::map<std::int32_t, std::int64_t> certain;  // voxels of found objects within what is certain
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> shared;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t found = labels.data()[i], accepted = known.accepted.data()[i];
        const auto size = accepted ? sizes.find(accepted) : sizes.end();
        if (size != sizes.end()) ++size->second;
        if (!found) continue;
        if (known.weight.data()[i] == 255) ++certain[found];
        if (size != sizes.end()) ++shared[{found, accepted}];
    }
    Continuations continued;
    for (const auto& [pair, voxels] : shared) {
        const std::int64_t smaller = std::min(sizes[pair.second], std::max(certain[pair.first], voxels));
        if (double(voxels) >= overlap * double(smaller)) continued[pair.first].insert(pair.second);
    }
    return continued;
}

// Which accepted objects are one: those that a found object connects and that no patch shows apart. The smallest id of
// each stands for all.
class Unions {
  public:
    explicit Unions(const Annotated& known) : patches_(known.cut) {
        for (const auto& [id, patches] : known.cut) parent_[id] = id;
    }
    std::int32_t find(std::int32_t id) const {
        for (auto at = parent_.find(id); at != parent_.end() && at->second != id; at = parent_.find(id))
            id = at->second;
        return id;
    }
    void join(std::int32_t a, std::int32_t b) {
        a = find(a), b = find(b);
        const auto apart = [&](std::size_t patch) { return patches_.at(a).contains(patch); };
        if (a == b || std::any_of(patches_.at(b).begin(), patches_.at(b).end(), apart)) return;
        if (b < a) std::swap(a, b);
        parent_[b] = a;
        patches_[a].insert(patches_[b].begin(), patches_[b].end());
    }

  private:
    std::map<std::int32_t, std::int32_t> parent_;
    std::map<std::int32_t, std::set<std::size_t>> patches_;
};

Unions unionsOf(const Continuations& continued, const Annotated& known) {
    Unions unions(known);
    for (const auto& [found, accepted] : continued)
        for (const std::int32_t a : accepted)
            for (const std::int32_t b : accepted) unions.join(a, b);
    return unions;
}

// The continuing objects with the ids of what they continue, elsewhere 0; empty when there are none.
Volume<std::int32_t> grownInto(const Volume<std::int32_t>& labels, const Annotated& known,
                               const Continuations& continued, const Unions& unions, Job& job) {
    if (continued.empty()) return {};
    Volume<std::int32_t> seeds(labels.shape());
    Volume<std::uint8_t> mask(labels.shape());
    Volume<std::int32_t> grown(labels.shape());
    bool shares = false;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const auto found = continued.find(labels.data()[i]);
        if (found == continued.end()) continue;
        const std::set<std::int32_t>& ids = found->second;
        const std::int32_t one = unions.find(*ids.begin());
        if (std::all_of(ids.begin(), ids.end(), [&](std::int32_t id) { return unions.find(id) == one; })) {
            grown.data()[i] = one;
            continue;
        }
        const std::int32_t accepted = known.accepted.data()[i];
        if (known.weight.data()[i] < 255 || accepted) {
            mask.data()[i] = 1;
            shares = true;
        }
        if (ids.contains(accepted)) seeds.data()[i] = unions.find(accepted);
    }
    if (!shares) return grown;
    const Volume<std::int32_t> parts = measure::watershed(Volume<float>(labels.shape()), seeds, mask, 26, job);
    for (std::int64_t i = 0; i < grown.size(); ++i)
        if (parts.data()[i]) grown.data()[i] = parts.data()[i];
    return grown;
}

}  // namespace

Volume<std::int32_t> findInstances(const Volume<std::uint8_t>& interior, const Volume<std::uint8_t>& border,
                                   const InstanceRules& rules, Job& job) {
    const Index shape = interior.shape();
    Volume<std::int32_t> labels;
    if (rules.perSlice && shape.z > 1) {
        const Classes sure{averagedAlongZ(interior, rules.zRadius), averagedAlongZ(border, rules.zRadius)};
        const Classes reach{larger(sure.interior, interior), larger(sure.border, border)};
        Volume<std::int32_t> slices(shape);
        std::int32_t next = 0;
        for (std::int64_t z = 0; z < shape.z; ++z) {
            job.check();
            job.progress(double(z), double(shape.z), FOVEA_TR("Separating objects"));
            const Box slice{{z, 0, 0}, {z + 1, shape.y, shape.x}};
            const Volume<std::int32_t> found = flood(crop(reach, slice), crop(sure, slice), rules, job);
            std::int32_t most = next;
            std::int32_t* out = slices.data() + slices.offset(z, 0, 0);
            for (std::int64_t i = 0; i < found.size(); ++i)
                if (found.data()[i]) most = std::max(most, out[i] = found.data()[i] + next);
            next = most;
        }
        labels = measure::linkSlices(slices, rules.linkOverlap, job);
        if (rules.minSections > 1) dropThin(labels, rules.minSections);
    } else {
        const Classes own{interior, border};
        labels = flood(own, own, rules, job);
    }
    measure::dropSmallObjects(labels, rules.minVoxels);
    measure::relabelDense(labels);
    return labels;
}

std::vector<std::int32_t> keepAccepted(Volume<std::int32_t>& labels, const Annotated& known, const InstanceRules& rules,
                                       Job& job) {
    if (labels.shape() != known.accepted.shape() || labels.shape() != known.weight.shape())
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("Annotations are {a} voxels, the prediction is {b}. Run annotate again."),
                     {{"a", toString(known.accepted.shape())}, {"b", toString(labels.shape())}}});
    std::int32_t top = known.lastId, count = 0;
    for (const std::int32_t v : known.accepted) top = std::max(top, v);
    for (const std::int32_t v : labels) count = std::max(count, v);
    const Continuations continued = continuationsOf(labels, known, rules.linkOverlap);
    const Unions unions = unionsOf(continued, known);

    std::vector<std::int64_t> before(std::size_t(count) + 1), after(std::size_t(count) + 1);
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = labels.data()[i];
        ++before[std::size_t(id)];
        if (!known.accepted.data()[i] && known.weight.data()[i] < 255) ++after[std::size_t(id)];
    }
    std::vector<std::int32_t> ids(std::size_t(count) + 1);
    std::int32_t next = top;
    for (std::int32_t id = 1; id <= count; ++id)
        if (!continued.contains(id) && after[id] >= std::max<std::int64_t>(rules.minVoxels, 1) &&
            2 * after[id] >= before[id])
            ids[id] = ++next;
    const Volume<std::int32_t> grown = grownInto(labels, known, continued, unions, job);
    std::set<std::int32_t> continuing;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        std::int32_t& label = labels.data()[i];
        if (known.accepted.data()[i])
            label = unions.find(known.accepted.data()[i]);
        else if (known.weight.data()[i] == 255)
            label = 0;
        else if (!grown.empty() && grown.data()[i])
            continuing.insert(label = grown.data()[i]);
        else
            label = ids[std::size_t(label)];
    }
    return {continuing.begin(), continuing.end()};
}

}  // namespace fovea::stage
