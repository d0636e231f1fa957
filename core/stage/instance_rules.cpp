#include "stage/instance_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "measure/components.h"
#include "measure/numbering.h"
#include "measure/watershed.h"

namespace fovea::stage {

namespace {

// One block (3D) or one slice. Ids 1…n.
Volume<std::int32_t> flood(const Volume<std::uint8_t>& interior, const Volume<std::uint8_t>& border,
                           const InstanceRules& rules, Job& job) {
    const int least = int(std::ceil(rules.threshold * 255)), seedLeast = int(std::ceil(rules.seedThreshold * 255));
    Volume<std::uint8_t> mask(interior.shape()), sure(interior.shape());
    Volume<float> landscape(interior.shape());
    for (std::int64_t i = 0; i < interior.size(); ++i) {
        const int inside = interior.data()[i];
        mask.data()[i] = inside + (border.empty() ? 0 : border.data()[i]) >= least;
        sure.data()[i] = inside >= seedLeast && mask.data()[i];
        landscape.data()[i] = float(255 - inside);
    }
    measure::Components seeds = measure::connectedComponents(sure, 6, false, job);
    Volume<std::int32_t> labels = measure::watershed(landscape, seeds.labels, mask, 6, job);
    return labels;
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

}  // namespace

Volume<std::int32_t> findInstances(const Volume<std::uint8_t>& interior, const Volume<std::uint8_t>& border,
                                   const InstanceRules& rules, Job& job) {
    const Index shape = interior.shape();
    Volume<std::int32_t> labels;
    if (rules.perSlice && shape.z > 1) {
        const Volume<std::uint8_t> inner = averagedAlongZ(interior, rules.zRadius);
        const Volume<std::uint8_t> outer = averagedAlongZ(border, rules.zRadius);
        Volume<std::int32_t> slices(shape);
        std::int32_t next = 0;
        for (std::int64_t z = 0; z < shape.z; ++z) {
            job.check();
            job.progress(double(z), double(shape.z), FOVEA_TR("Separating objects"));
            const Box slice{{z, 0, 0}, {z + 1, shape.y, shape.x}};
            const Volume<std::int32_t> found =
                flood(crop(inner, slice), outer.empty() ? Volume<std::uint8_t>() : crop(outer, slice), rules, job);
            std::int32_t most = next;
            std::int32_t* out = slices.data() + slices.offset(z, 0, 0);
            for (std::int64_t i = 0; i < found.size(); ++i)
                if (found.data()[i]) most = std::max(most, out[i] = found.data()[i] + next);
            next = most;
        }
        labels = measure::linkSlices(slices, rules.linkOverlap, job);
        if (rules.minSections > 1) dropThin(labels, rules.minSections);
    } else {
        labels = flood(interior, border, rules, job);
    }
    measure::dropSmallObjects(labels, rules.minVoxels);
    measure::relabelDense(labels);
    return labels;
}

void keepAccepted(Volume<std::int32_t>& labels, const Volume<std::int32_t>& accepted, std::int64_t minVoxels) {
    if (labels.shape() != accepted.shape())
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("Annotations are {a} voxels, the prediction is {b}. Run annotate again."),
                     {{"a", toString(accepted.shape())}, {"b", toString(labels.shape())}}});
    std::int32_t top = 0, count = 0;
    for (const std::int32_t v : accepted) top = std::max(top, v);
    for (const std::int32_t v : labels) count = std::max(count, v);
    std::vector<std::int64_t> before(std::size_t(count) + 1), after(std::size_t(count) + 1);
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int32_t id = labels.data()[i];
        ++before[std::size_t(id)];
        if (!accepted.data()[i]) ++after[std::size_t(id)];
    }
    std::vector<std::int32_t> ids(std::size_t(count) + 1);
    std::int32_t next = top;
    for (std::int32_t id = 1; id <= count; ++id)
        if (after[id] >= std::max<std::int64_t>(minVoxels, 1) && 2 * after[id] >= before[id]) ids[id] = ++next;
    for (std::int64_t i = 0; i < labels.size(); ++i)
        labels.data()[i] = accepted.data()[i] ? accepted.data()[i] : ids[std::size_t(labels.data()[i])];
}

}  // namespace fovea::stage
