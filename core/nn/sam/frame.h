#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "data/volume.h"

namespace fovea::nn::sam {

// How an image lies in the square that an image encoder sees: scaled to its side, in the upper left corner, zeros
// beside.
struct Frame {
    std::int64_t height = 0, width = 0;                // of the image
    std::int64_t contentHeight = 0, contentWidth = 0;  // of it in the frame
    std::int64_t side = 1024;                          // of the frame
};

// Throws Error(Input) for an image without pixels or a side below 1.
Frame frameOf(std::int64_t height, std::int64_t width, std::int64_t side = 1024);

// Colour planes (3, H, W), red first, in the content's size, as Pillow resizes them.
Volume<std::uint8_t> fitted(const Volume<std::uint8_t>& rgb, const Frame& frame);
// Fitted planes with the family's means and deviations and zeros around them: (1, 3, side, side). Throws Error(Input)
// for planes of another size.
at::Tensor normalised(const Volume<std::uint8_t>& planes, const Frame& frame, at::ScalarType type = at::kFloat);

// Points x, y of the image (…, 2) float64 in the frame, float32. Corners of boxes are points.
at::Tensor inFrame(const at::Tensor& points, const Frame& frame);

// Logits (B, masks, h, w) of the frame at the image's size: (B, masks, H, W), bilinear.
at::Tensor atImageSize(const at::Tensor& logits, const Frame& frame);

// What atImageSize() cut at 0 gives, without those logits in memory.
struct ImageMasks {
    at::Tensor masks;      // (B, masks, H, W) uint8, 1 = above 0
    at::Tensor stability;  // (B, masks) float64: of the pixels above −1, the share above 1 (NaN without any)
};
// On the processor, wherever the logits lie.
ImageMasks cutAtImageSize(const at::Tensor& logits, const Frame& frame);

}  // namespace fovea::nn::sam
