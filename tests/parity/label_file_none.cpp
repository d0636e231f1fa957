#include "parity/label_recipes.h"

namespace fovea::parity {

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    throw Error(ErrorKind::Unsupported,
                {"{path} cannot be read: this program was built without image formats", {{"path", path.string()}}});
}

}  // namespace fovea::parity
