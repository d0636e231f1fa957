#pragma once
#include <cstdint>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::stage {

struct InstanceRules {
    double threshold = 0.5;      // interior + border probability from which a voxel belongs to an object
    double seedThreshold = 0.6;  // interior probability from which it may start one
    std::int64_t minVoxels = 50;
    bool perSlice = false;  // watershed in each slice, pieces joined along z
    double linkOverlap = 0.3;
    std::int64_t zRadius = 0;      // per slice: probabilities are first averaged over this many sections on each side
    std::int64_t minSections = 1;  // per slice: sections an object must reach through, unless it leaves the stack
};

// Seeds are components of the sure interior; they flood what is foreground, most interior voxels first; foreground that
// no seed reaches is dropped. Probabilities are 0…255; `border` may be empty. Ids 1…n dense. Averaging along z before
// working slice by slice takes out what a network that sees sections one by one gets wrong in single ones.
Volume<std::int32_t> findInstances(const Volume<std::uint8_t>& interior, const Volume<std::uint8_t>& border,
                                   const InstanceRules& rules, Job& job);

// Puts accepted objects (their own ids) over `labels`. Other objects get ids above them; what is left of them beside an
// accepted one is dropped when smaller than minVoxels or than half of what it was.
void keepAccepted(Volume<std::int32_t>& labels, const Volume<std::int32_t>& accepted, std::int64_t minVoxels);

}  // namespace fovea::stage
