#pragma once
#include <filesystem>

#include "tensorfile/pickle_writer.h"

namespace fovea::tensorfile {

// The file torch.save would write: a zip container with a pickle of protocol 2 (spec nnunet.md 3.7), which torch.load
// opens with and without weights_only. Atomic. Throws Error(Internal) for element types that torch.save writes
// otherwise.
void writeTorch(const std::filesystem::path& path, const PickleValue& value);

}  // namespace fovea::tensorfile
