#include "parity/label_recipes.h"

namespace fovea::parity {

ImagePtr openImageFile(const std::filesystem::path& path) {
    throw Error(ErrorKind::Unsupported,
                {"{path} cannot be read: this program was built without image formats", {{"path", path.string()}}});
}

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    return openImageFile(path)->readAll<std::int64_t>();
}

Volume<float> readImageFile(const std::filesystem::path& path, int channel) {
    return openImageFile(path)->readAll<float>(channel);
}

}  // namespace fovea::parity
