#pragma once
#include <filesystem>
#include <vector>

#include "base/job.h"

namespace fovea::models {

// Writes the weights (.pt, .pth, .safetensors) of a .tar.gz into `folder`, each into a numbered folder of its own under
// its own name; paths inside the archive and everything else in it are ignored. Throws Error(Format) when it is
// damaged, no tar or holds more than a model would, Error(Unsupported) in builds without zlib, Cancelled.
std::vector<std::filesystem::path> unpackWeights(const std::filesystem::path& archive,
                                                 const std::filesystem::path& folder, Job& job);

}  // namespace fovea::models
