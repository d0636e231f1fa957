#include "segment/distance_instances.h"

#include <utility>

#include "base/error.h"
#include "measure/components.h"
#include "measure/numbering.h"
#include "measure/watershed.h"
#include "segment/filters.h"

namespace fovea::segment {

namespace {

void blurSections(Volume<float>& volume, double sigma, Job& job) {
    if (sigma > 0) blur(volume, {0, sigma, sigma}, job, Edge::Mirror);
}

}  // namespace

DistanceMaps smoothed(DistanceMaps maps, const DistanceRules& rules, Job& job) {
    if (maps.center.shape() != maps.foreground.shape() || maps.boundary.shape() != maps.foreground.shape())
        throw Error(ErrorKind::Input, Text(FOVEA_TR("The maps of foreground, centres and boundaries are of different "
                                                    "sizes. Predict them again.")));
    blurSections(maps.foreground, rules.foregroundSmoothing, job);
    blurSections(maps.center, rules.distanceSmoothing, job);
    blurSections(maps.boundary, rules.distanceSmoothing, job);
    return maps;
}

Volume<std::int32_t> distanceMarkers(const DistanceMaps& smoothed, const DistanceRules& rules, Job& job) {
    Volume<std::uint8_t> core(smoothed.foreground.shape());
    for (std::int64_t i = 0; i < core.size(); ++i)
        core.data()[i] = smoothed.foreground.data()[i] > rules.foregroundThreshold &&
                         smoothed.center.data()[i] < rules.centerThreshold &&
                         smoothed.boundary.data()[i] < rules.boundaryThreshold;
    return measure::connectedComponents(core, 8, false, job).labels;
}

Volume<std::int32_t> grownMarkers(const DistanceMaps& smoothed, const Volume<std::int32_t>& markers,
                                  const DistanceRules& rules, Job& job) {
    const Index n = smoothed.foreground.shape();
    Volume<std::int32_t> labels(n);
    for (std::int64_t z = 0; z < n.z; ++z) {
        const Box section{{z, 0, 0}, {z + 1, n.y, n.x}};
        const Volume<float> foreground = crop(smoothed.foreground, section);
        Volume<std::uint8_t> mask(foreground.shape());
        for (std::int64_t i = 0; i < mask.size(); ++i)
            mask.data()[i] = foreground.data()[i] > rules.foregroundThreshold;
        const Volume<std::int32_t> grown =
            measure::watershed(crop(smoothed.boundary, section), crop(markers, section), mask, 6, job);
        copyBox(grown, grown.box(), labels, section.begin);
    }
    measure::dropSmallObjects(labels, rules.minSize);
    measure::relabelDense(labels);
    return labels;
}

Volume<std::int32_t> distanceInstances(DistanceMaps maps, const DistanceRules& rules, Job& job) {
    const DistanceMaps soft = smoothed(std::move(maps), rules, job);
    return grownMarkers(soft, distanceMarkers(soft, rules, job), rules, job);
}

}  // namespace fovea::segment
