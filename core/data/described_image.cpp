#include "data/described_image.h"

namespace fovea {

namespace {

class DescribedImage : public ImageSource {
  public:
    DescribedImage(ImagePtr image, ImageInfo info) : image_(std::move(image)), info_(std::move(info)) {}
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        image_->read(level, channel, box, out);
        out.geometry = info_.geometry;
    }

  private:
    ImagePtr image_;
    ImageInfo info_;
};

}  // namespace

ImagePtr describedAs(ImagePtr image, ImageInfo info) {
    return std::make_shared<DescribedImage>(std::move(image), std::move(info));
}

}  // namespace fovea
