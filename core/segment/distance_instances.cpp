#include "segment/distance_instances.h"

#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "measure/components.h"
#include "measure/numbering.h"
#include "measure/watershed.h"
#include "segment/filters.h"

namespace fovea::segment {

namespace {

void blurSections(Volume<float>& volume, double sigma, Job& job) {
    if (sigma > 0) blur(volume, {0, sigma, sigma}, job, Edge::Mirror);
}

// 1 where holds(offset).
template <class F>
Volume<std::uint8_t> where(Index shape, Job& job, F&& holds) {
    Volume<std::uint8_t> mask(shape);
    parallelStretches(mask.size(), std::int64_t(1) << 16, job, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) mask.data()[i] = holds(i);
    });
    return mask;
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
    const Volume<std::uint8_t> core = where(smoothed.foreground.shape(), job, [&](std::int64_t i) {
        return (smoothed.foreground.data()[i] > rules.foregroundThreshold) &
               (smoothed.center.data()[i] < rules.centerThreshold) &
               (smoothed.boundary.data()[i] < rules.boundaryThreshold);
    });
    return measure::connectedComponents(core, 8, false, job).labels;
}

Volume<std::int32_t> grownMarkers(const DistanceMaps& smoothed, const Volume<std::int32_t>& markers,
                                  const DistanceRules& rules, Job& job) {
    const Volume<std::uint8_t> mask = where(smoothed.foreground.shape(), job, [&](std::int64_t i) {
        return smoothed.foreground.data()[i] > rules.foregroundThreshold;
    });
    Volume<std::int32_t> labels = measure::watershed(smoothed.boundary, markers, mask, 4, job);
    measure::dropSmallObjects(labels, rules.minSize);
    measure::relabelDense(labels);
    return labels;
}

Volume<std::int32_t> distanceInstances(DistanceMaps maps, const DistanceRules& rules, Job& job) {
    const DistanceMaps soft = smoothed(std::move(maps), rules, job);
    return grownMarkers(soft, distanceMarkers(soft, rules, job), rules, job);
}

}  // namespace fovea::segment
