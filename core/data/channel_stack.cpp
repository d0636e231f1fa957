#include "data/channel_stack.h"

namespace fovea {

namespace {

class ChannelStack : public ImageSource {
  public:
    explicit ChannelStack(std::vector<ImagePtr> images) : images_(std::move(images)) {
        info_ = images_.front()->info();
        info_.levels.resize(1);
        info_.channelNames.clear();
        for (const ImagePtr& image : images_) {
            if (image->info().dtype != info_.dtype) info_.dtype = DType::F32;
            for (int channel = 0; channel < image->info().channels; ++channel)
                sources_.emplace_back(image.get(), channel);
        }
        info_.channels = int(sources_.size());
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        const auto& [image, own] = sources_.at(std::size_t(channel));
        image->read(level, own, box, out);
        if (out.dtype != info_.dtype) out = AnyVolume::from(out.to<float>());
        out.geometry = info_.geometry;
    }

  private:
    std::vector<ImagePtr> images_;
    std::vector<std::pair<const ImageSource*, int>> sources_;  // image and its channel, of each of ours
    ImageInfo info_;
};

}  // namespace

ImagePtr stackChannels(std::vector<ImagePtr> images) {
    if (images.empty()) throw Error(ErrorKind::Input, "an image needs at least one channel");
    const Index shape = images.front()->info().shape();
    for (const ImagePtr& image : images)
        if (!(image->info().shape() == shape))
            throw Error(
                ErrorKind::Input,
                {FOVEA_TR("{path} is {a} voxels, but {first} is {b}. The channels of an image need equal shapes."),
                 {{"path", image->info().path},
                  {"a", toString(image->info().shape())},
                  {"first", images.front()->info().path},
                  {"b", toString(shape)}}});
    if (images.size() == 1) return images.front();
    return std::make_shared<ChannelStack>(std::move(images));
}

}  // namespace fovea
