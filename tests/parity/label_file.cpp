#include "io/formats.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

ImagePtr openImageFile(const std::filesystem::path& path) { return io::open(path.string()); }

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    return openImageFile(path)->readAll<std::int64_t>();
}

}  // namespace fovea::parity
