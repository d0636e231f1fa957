#pragma once
#include <cstdint>

#include "data/volume.h"

namespace fovea {

enum class ResizeFilter { Bilinear, Bicubic };  // bicubic with a = −0.5

// Every plane (z) of `planes` resized to height × width for itself, widening the filter when it shrinks. uint8 is, bit
// for bit, what Pillow's Image.resize gives: fixed-point weights of 22 bits and 8-bit numbers between the two passes,
// the horizontal one first. float is the same kernel without rounding (torch's antialiased interpolation). Throws
// Error(Input) for a size below 1 or an empty plane.
template <class T>
Volume<T> resized(const Volume<T>& planes, std::int64_t height, std::int64_t width,
                  ResizeFilter filter = ResizeFilter::Bilinear);

}  // namespace fovea
