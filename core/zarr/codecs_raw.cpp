#include "base/text.h"
#include "zarr/codec.h"

namespace fovea::zarr {

const std::vector<Codec>& codecs() {
    static const std::vector<Codec> list{rawCodec()};
    return list;
}

// A machine without the compression libraries still writes: what asked for compression gets larger files, nothing else
// changes.
const Codec& codecForLayout(const std::string& name) {
    if (name != "raw" && name != "blosc" && name != "zstd" && name != "zlib")
        throw Error(ErrorKind::Input, {FOVEA_TR("There is no Zarr codec named “{name}”. Use blosc, zstd, zlib or raw."),
                                       {{"name", name}}});
    return codecs().front();
}

}  // namespace fovea::zarr
