#pragma once
#include <filesystem>

#include "nn/unet.h"

namespace fovea::train {

// Weights of a network trained before for another task (nnU-Net's -pretrained_weights, spec nnunet.md section 4.9): all
// but the segmentation heads, which stay as they are. Safetensors or a checkpoint of nnU-Net. Where the images have
// another number of channels, the first convolution's mean over its channels is taken for each, scaled so that equal
// channels give what they gave. Throws Error(Format) when anything else differs.
void loadPretrained(const std::filesystem::path& path, nn::UNetImpl& unet);

}  // namespace fovea::train
