#pragma once
#include "data/image_source.h"
#include "labels/label_layer.h"

namespace fovea::stage {

// Labels being edited, read as an image of one level and channel (int32), so that writers can stream them. The layer
// must outlive it and rest meanwhile.
class LayerImage : public ImageSource {
  public:
    LayerImage(const labels::LabelLayer& layer, std::string name);
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override;

  private:
    const labels::LabelLayer& layer_;
    ImageInfo info_;
};

}  // namespace fovea::stage
