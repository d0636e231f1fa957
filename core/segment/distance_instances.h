#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"

// Instances out of the maps of micro-sam's decoder (Archit et al. 2025; spec models.md 3.8), each section for itself.
namespace fovea::segment {

// Values in 0…1. The distances are 0 at an object's centre or deep inside it, and 1 at its rim and in the background.
struct DistanceMaps {
    Volume<float> foreground, center, boundary;
};

struct DistanceRules {
    double centerThreshold = 0.5, boundaryThreshold = 0.5, foregroundThreshold = 0.5;
    double foregroundSmoothing = 1.0, distanceSmoothing = 1.6;  // sigma in pixels; 0 = none
    std::int64_t minSize = 0;                                   // pixels
};

// Throws Error(Input) when the maps differ in shape.
DistanceMaps smoothed(DistanceMaps maps, const DistanceRules& rules, Job& job);
// Numbered cores of objects in smoothed maps: foreground near a centre and far from boundaries, 8-connected.
Volume<std::int32_t> distanceMarkers(const DistanceMaps& smoothed, const DistanceRules& rules, Job& job);
// The markers grown over the foreground, from inside out; objects below minSize left out, ids 1 … n.
Volume<std::int32_t> grownMarkers(const DistanceMaps& smoothed, const Volume<std::int32_t>& markers,
                                  const DistanceRules& rules, Job& job);

// All three steps.
Volume<std::int32_t> distanceInstances(DistanceMaps maps, const DistanceRules& rules, Job& job);

}  // namespace fovea::segment
