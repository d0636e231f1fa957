#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "data/box.h"
#include "data/volume.h"

namespace fovea {

// Which objects a person saw only in part, because complete patches cut them: every voxel lies in `patches`, and some
// lie at a face of one beyond which the image goes on. Each with the indices of the patches it lies in. `read` gives
// the labels of a box inside `shape`, the volume's; each patch is read once. `voxels` says which objects are asked for
// and how many voxels each has in the whole volume.
std::map<std::int32_t, std::set<std::size_t>> cutByPatches(const std::function<Volume<std::int32_t>(const Box&)>& read,
                                                           const std::vector<Box>& patches, Index shape,
                                                           const std::map<std::int32_t, std::int64_t>& voxels);

}  // namespace fovea
