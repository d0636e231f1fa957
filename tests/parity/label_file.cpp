#include "io/formats.h"
#include "parity/label_recipes.h"

namespace fovea::parity {

Volume<std::int64_t> readLabelFile(const std::filesystem::path& path) {
    return io::open(path.string())->readAll<std::int64_t>();
}

}  // namespace fovea::parity
