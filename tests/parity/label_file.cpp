#include "io/formats.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

ImagePtr openImageFile(const std::filesystem::path& path) { return io::open(path.string()); }

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    return openImageFile(path)->readAll<std::int64_t>();
}

Volume<float> readImageFile(const std::filesystem::path& path, int channel) {
    return io::open(path.string())->readAll<float>(channel);
}

}  // namespace fovea::parity
