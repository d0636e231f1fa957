#include "base/error.h"
#include "models/archive.h"

namespace fovea::models {

std::vector<std::filesystem::path> unpackWeights(const std::filesystem::path& archive, const std::filesystem::path&,
                                                 Job&) {
    throw Error(ErrorKind::Unsupported,
                {FOVEA_TR("This build cannot unpack {path}. Unpack it and add the .pt file in it."),
                 {{"path", archive.string()}}});
}

}  // namespace fovea::models
