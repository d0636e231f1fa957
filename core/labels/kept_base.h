#pragma once
#include <filesystem>

namespace fovea::labels {

// A label Zarr under a path of its own whose content never changes, as EditSession asks of its bases: a tree of hard
// links (copies where the disk allows no links) below <caseFolder>/bases. The same content gives the same path again;
// when a stage replaces the original, the old voxels live on here, so that undo can go back across it. Cost follows the
// number of chunks, not their size. Throws Error when the folder cannot be written or `labels` is not there.
std::filesystem::path keepBase(const std::filesystem::path& caseFolder, const std::filesystem::path& labels);

}  // namespace fovea::labels
