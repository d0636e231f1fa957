#include "data/sub_image.h"

#include "base/error.h"

namespace fovea {

namespace {

class SubImage : public ImageSource {
  public:
    SubImage(ImagePtr image, const Box& box) : image_(std::move(image)), box_(box), info_(image_->info()) {
        info_.levels.resize(1);
        info_.levels.front().shape = box.extent();
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        if (!Box::of(box_.extent()).contains(box))
            throw Error(ErrorKind::Internal, "a box outside of the part of an image");
        image_->read(level, channel, box.shifted(box_.begin), out);
    }

  private:
    ImagePtr image_;
    Box box_;
    ImageInfo info_;
};

}  // namespace

ImagePtr partOf(ImagePtr image, const Box& box) {
    const Box all = Box::of(image->info().shape());
    if (box.empty() || !all.contains(box))
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("{box} is not part of {path} ({shape})."),
             {{"box", toString(box)}, {"path", image->info().path}, {"shape", toString(image->info().shape())}}});
    if (box == all) return image;
    return std::make_shared<SubImage>(std::move(image), box);
}

}  // namespace fovea
