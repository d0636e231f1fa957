#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "nnunet/files.h"

// Label maps from the mean of several models' probabilities (spec nnunet.md section 5.5).
namespace fovea::nnunet {

// For every case of the first of `folders`: the mean, in float32, of its probabilities (probabilities.h) in all of
// them, and from it a label map as plan::nnunet::Labels::mapOf() makes it, written to `to` with the geometry of the one
// beside the first probabilities; with `save` the mean, too, and the properties (<case>.pkl) of the first that has
// them. Cases in parallel; a slab of sections is held of each, with `save` and for compressed files all of one. Throws
// Error: Missing naming what lacks in which folder; Format for damaged files; Input for fewer than two folders, shapes
// that differ or another number of outputs than the data set's labels have. Cancelled.
void ensemble(const Files& files, const std::vector<std::filesystem::path>& folders, const std::filesystem::path& to,
              const plan::nnunet::DatasetJson& dataset, bool save, Job& job);

}  // namespace fovea::nnunet
