#pragma once
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "labels/object_table.h"

namespace fovea::labels {

// Which of `objects` a person saw only in part, because complete patches cut them: every voxel lies in `patches`, and
// some lie at a face of one beyond which the image goes on. Each with the indices of the patches it lies in. `read`
// gives the labels of a box inside `shape`, the volume's; each patch is read once. The objects' voxel counts must be
// right.
std::map<ObjectId, std::set<std::size_t>> cutByPatches(const std::function<Volume<std::int32_t>(const Box&)>& read,
                                                       const std::vector<Box>& patches, Index shape,
                                                       const ObjectTable& objects);

}  // namespace fovea::labels
