#pragma once
#include "nn/unet.h"

namespace fovea::infer {

// Two levels, one channel in, three classes out, always the same weights: small enough to run everywhere.
inline nn::UNet smallUNet(int dims) {
    nn::Topology t;
    t.dims = dims;
    t.outChannels = 3;
    t.features = {3, 4};
    t.kernels.assign(2, nn::Sizes(std::size_t(dims), 3));
    t.strides = {nn::Sizes(std::size_t(dims), 1), nn::Sizes(std::size_t(dims), 2)};
    t.encoderConvs = {1, 1};
    t.decoderConvs = {1};
    return nn::UNet(t, 4);
}

}  // namespace fovea::infer
