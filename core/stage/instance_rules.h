#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::stage {

struct InstanceRules {
    double threshold = 0.5;      // interior + border probability from which a voxel belongs to an object
    double seedThreshold = 0.6;  // probability from which it may start one
    std::int64_t minVoxels = 50;
    bool perSlice = false;  // watershed in each slice, pieces joined along z
    double linkOverlap = 0.3;
    std::int64_t zRadius = 0;      // per slice: sections on each side that have a say, by their average
    std::int64_t minSections = 1;  // per slice: sections an object must reach through, unless it leaves the stack
};

// Seeds are components of the sure interior, and of what is surely foreground (interior or border) but holds no sure
// interior; they flood what is foreground, most interior voxels first; foreground that no seed reaches is dropped.
// Probabilities are 0…255; `border` may be empty. Ids 1…n dense. With zRadius the average
// over sections says where objects start, which takes out what a network that sees sections one by one gets wrong in
// single ones, and average or own section, whichever is larger, how far they reach.
Volume<std::int32_t> findInstances(const Volume<std::uint8_t>& interior, const Volume<std::uint8_t>& border,
                                   const InstanceRules& rules, Job& job);

// What a person decided. All of the volume's shape.
struct Annotated {
    Volume<std::int32_t> accepted;  // ids of accepted objects and of all in complete patches, else 0
    Volume<std::uint8_t> weight;    // 255 = certain: background where nothing is accepted
    // Those that complete patches cut, so that they may go on beyond, with the patches they lie in.
    std::map<std::int32_t, std::set<std::size_t>> cut;
    // Of all objects the person had, also those held out: a new one with such a number would be taken for the old one.
    std::int32_t lastId = 0;
};

// Puts accepted objects (their own ids) over `labels` and takes out what is certainly background. A found object that
// overlaps accepted ones which a patch cut (by `linkOverlap` of the smaller of both, within what is certain) continues
// them: as one object where they were seen in different patches; where one patch shows them apart, each voxel joins the
// one that reaches it first. Other objects get ids above the accepted ones and above `lastId`; what is left of them is
// dropped when smaller than minVoxels or than half of what it was. Returns the ids of the continued ones, ascending.
std::vector<std::int32_t> keepAccepted(Volume<std::int32_t>& labels, const Annotated& known, const InstanceRules& rules,
                                       Job& job);

}  // namespace fovea::stage
