#pragma once
#include <memory>
#include <string>
#include <vector>

#include "data/volume.h"

namespace fovea {

struct LevelInfo {
    Index shape;
    Vec3 spacing;  // µm; 1 when unknown
};

struct ImageInfo {
    std::string path;
    std::string format;  // "tiff", "ome-zarr", …
    DType dtype = DType::U8;
    std::vector<LevelInfo> levels;  // at least one, full resolution first
    int channels = 1;
    int timepoints = 1;
    std::vector<std::string> channelNames;  // empty or one per channel
    Geometry geometry;                      // of level 0
    double lengthUnit = 1000;               // µm per unit of the numbers that stand in the file; most formats mean mm
    Index shape() const { return levels.front().shape; }
};

// An image read by box, lazily. read() is const and thread-safe. Implementations hold file handles, never the whole
// image unless the format allows nothing else.
class ImageSource {
  public:
    virtual ~ImageSource() = default;
    virtual const ImageInfo& info() const = 0;
    // Fills `out` (resized to box.extent(), dtype = info().dtype). The box must lie inside the level.
    // Throws Error(Format) for damaged content, naming file and place.
    virtual void read(int level, int channel, const Box& box, AnyVolume& out) const = 0;

    AnyVolume read(int level, int channel, const Box& box) const {
        AnyVolume out;
        read(level, channel, box, out);
        return out;
    }
    template <class T>
    Volume<T> readAs(const Box& box, int channel = 0, int level = 0) const {
        Volume<T> volume = read(level, channel, box).template to<T>();
        volume.geometry = info().geometry;
        return volume;
    }
    // Whole image; for small ones and tests.
    template <class T>
    Volume<T> readAll(int channel = 0) const {
        return readAs<T>(Box::of(info().shape()), channel);
    }
};

using ImagePtr = std::shared_ptr<const ImageSource>;

// An image already in memory, one level; channels have equal shape and type.
class MemoryImage : public ImageSource {
  public:
    explicit MemoryImage(std::vector<AnyVolume> channels, std::string name = "memory");
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override;

  private:
    std::vector<AnyVolume> channels_;
    ImageInfo info_;
};

}  // namespace fovea
