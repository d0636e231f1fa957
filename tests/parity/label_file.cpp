#include "io/formats.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    return io::open(path.string())->readAll<std::int64_t>();
}

Volume<float> readImageFile(const std::filesystem::path& path, int channel) {
    return io::open(path.string())->readAll<float>(channel);
}

}  // namespace fovea::parity
