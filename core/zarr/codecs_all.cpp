#include "base/text.h"
#include "zarr/codec.h"

namespace fovea::zarr {

const std::vector<Codec>& codecs() {
    static const std::vector<Codec> list{rawCodec(), bloscCodec(), zstdCodec(), zlibCodec()};
    return list;
}

const Codec& codecForLayout(const std::string& name) {
    for (const Codec& codec : codecs())
        if (codec.layoutName == name) return codec;
    throw Error(ErrorKind::Input,
                {FOVEA_TR("There is no Zarr codec named “{name}”. Use blosc, zstd, zlib or raw."), {{"name", name}}});
}

}  // namespace fovea::zarr
