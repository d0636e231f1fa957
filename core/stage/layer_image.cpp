#include "stage/layer_image.h"

namespace fovea::stage {

LayerImage::LayerImage(const labels::LabelLayer& layer, std::string name) : layer_(layer) {
    info_.path = std::move(name);
    info_.format = "labels";
    info_.dtype = DType::I32;
    info_.geometry = layer.geometry();
    info_.levels = {{layer.shape(), layer.geometry().spacing}};
}

void LayerImage::read(int, int, const Box& box, AnyVolume& out) const { out = AnyVolume::from(layer_.read(box)); }

}  // namespace fovea::stage
