#pragma once
#include <cstdint>
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::measure {

// Connected pieces of a volume, numbered 1 … count() by their first voxel in C order; 0 is background.
struct Components {
    Volume<std::int32_t> labels;
    std::vector<std::int64_t> sizes;  // sizes[id − 1] = voxels of component id

    std::int32_t count() const { return std::int32_t(sizes.size()); }
    // Id of the component with most voxels, the lowest on ties; 0 when there is none.
    std::int32_t largest() const;
    // Ids with at least `minSize` voxels, ascending.
    std::vector<std::int32_t> atLeast(std::int64_t minSize) const;
};

// Pieces of what is not 0 in `labels` (z, y, x). connectivity: 6, 18 or 26 neighbours; 4 or 8 look at neighbours in the
// same slice only, so that every slice is labelled for itself (ids still run through the volume). multiLabel: only
// voxels with equal values connect. T: uint8, uint16, uint32, int32, uint64, int64. Runs of rows joined by union-find
// (He, Chao, Suzuki 2008), slabs in parallel; the result does not depend on the number of threads. Throws Error(Input)
// for another connectivity, Error(Unsupported) for more than 2^31 − 1 pieces, Cancelled.
template <class T>
Components connectedComponents(const Volume<T>& labels, int connectivity, bool multiLabel, Job& job);
template <class T>
Components connectedComponents(const Volume<T>& labels, int connectivity, bool multiLabel = false) {
    Job nothing;
    return connectedComponents(labels, connectivity, multiLabel, nothing);
}

// Components with fewer voxels become 0. Ids stay as they are (their sizes become 0).
void dropSmall(Components& components, std::int64_t minSize);

// Renumbered 1 … k in id order, without the ids whose size is 0.
Components compacted(const Components& components);

}  // namespace fovea::measure
