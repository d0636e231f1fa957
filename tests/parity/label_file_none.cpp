#include "parity/label_recipes.h"

namespace fovea::parity {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& path) {
    throw Error(ErrorKind::Unsupported,
                {"{path} cannot be read: this program was built without image formats", {{"path", path.string()}}});
}

}  // namespace

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) { refuse(path); }
Volume<float> readImageFile(const std::filesystem::path& path, int) { refuse(path); }

}  // namespace fovea::parity
