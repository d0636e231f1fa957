#include "data/image_source.h"

namespace fovea {

MemoryImage::MemoryImage(std::vector<AnyVolume> channels, std::string name) : channels_(std::move(channels)) {
    if (channels_.empty()) throw Error(ErrorKind::Input, "an image needs at least one channel");
    const AnyVolume& first = channels_.front();
    for (const AnyVolume& channel : channels_)
        if (channel.shape != first.shape || channel.dtype != first.dtype)
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("The channels of {name} differ in shape or type: {a} and {b}."),
                         {{"name", name}, {"a", toString(first.shape)}, {"b", toString(channel.shape)}}});
    info_.path = std::move(name);
    info_.format = "memory";
    info_.dtype = first.dtype;
    info_.geometry = first.geometry;
    info_.levels = {{first.shape, first.geometry.spacing}};
    info_.channels = int(channels_.size());
}

void MemoryImage::read(int level, int channel, const Box& box, AnyVolume& out) const {
    if (level != 0 || channel < 0 || channel >= info_.channels || box.empty() || !Box::of(info_.shape()).contains(box))
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR(
                 "{box} of level {level}, channel {channel} is not part of {name} ({shape}, {channels} channels)."),
             {{"box", toString(box)},
              {"level", std::to_string(level)},
              {"channel", std::to_string(channel)},
              {"name", info_.path},
              {"shape", toString(info_.shape())},
              {"channels", std::to_string(info_.channels)}}});
    const AnyVolume& from = channels_[std::size_t(channel)];
    const Index n = box.extent();
    out = AnyVolume(info_.dtype, n);
    out.geometry = info_.geometry;
    const std::size_t voxel = sizeOf(info_.dtype), row = std::size_t(n.x) * voxel;
    std::byte* to = out.bytes.data();
    for (std::int64_t z = box.begin.z; z < box.end.z; ++z)
        for (std::int64_t y = box.begin.y; y < box.end.y; ++y, to += row)
            std::memcpy(
                to, from.bytes.data() + std::size_t((z * from.shape.y + y) * from.shape.x + box.begin.x) * voxel, row);
}

}  // namespace fovea
