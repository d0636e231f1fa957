#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "base/error.h"
#include "data/image_source.h"
#include "train/patch_sampler.h"

// Small images with objects, and a source that refuses to be read where it must not be.
namespace fovea::test {

template <class T>
ImagePtr memory(const Volume<T>& volume) {
    return std::make_shared<MemoryImage>(std::vector<AnyVolume>{AnyVolume::from(volume)});
}

class Guarded : public ImageSource {
  public:
    Guarded(ImagePtr inner, std::vector<Box> forbidden) : inner_(std::move(inner)), forbidden_(std::move(forbidden)) {}
    const ImageInfo& info() const override { return inner_->info(); }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        for (const Box& f : forbidden_)
            if (box.overlaps(f)) throw Error(ErrorKind::Internal, "held-out voxels were read");
        ++reads;
        inner_->read(level, channel, box, out);
    }
    mutable std::atomic<int> reads{0};

  private:
    ImagePtr inner_;
    std::vector<Box> forbidden_;
};

// Bright squares of 10 × 10 on a dark, slightly textured ground; ids from `firstId`.
template <class T = std::uint8_t>
train::TrainCase squares(Index shape, std::int32_t firstId = 1, double bright = 200) {
    Volume<T> image(shape, T(bright / 8));
    Volume<std::int32_t> labels(shape);
    for (std::int64_t z = 0; z < shape.z; ++z)
        for (std::int64_t y = 0; y < shape.y; ++y)
            for (std::int64_t x = 0; x < shape.x; ++x) {
                image(z, y, x) = T(image(z, y, x) + T((x * 7 + y * 3) % 5));
                if (y % 24 >= 4 && y % 24 < 14 && x % 24 >= 6 && x % 24 < 16) {
                    image(z, y, x) = T(bright);
                    labels(z, y, x) = firstId + std::int32_t(y / 24 * 100 + x / 24);
                }
            }
    train::TrainCase one;
    one.id = "squares";
    one.image = memory(image);
    one.labels = memory(labels);
    one.norms = {{0, 1e9, bright / 4, 4 / bright}};
    return one;
}

}  // namespace fovea::test
