#pragma once
#include <ATen/core/Tensor.h>

#include "data/picture.h"

namespace fovea::nnunet {

// Of the first patch of a batch, the section with most labelled voxels: its first channel, that with `truth`'s outlines
// and that with `found`'s. image (B, C, [Z,] Y, X) float; truth and found (B, [Z,] Y, X) classes, or with a dimension
// more (B, R, [Z,] Y, X) bool regions, the last one of a voxel seen. Any device.
Picture samplePicture(const at::Tensor& image, const at::Tensor& truth, const at::Tensor& found);

}  // namespace fovea::nnunet
