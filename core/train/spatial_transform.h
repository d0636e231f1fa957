#pragma once
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "data/volume.h"
#include "train/label_transforms.h"

// Turning, zooming and mirroring of training patches (spec section 4.4, row 2). Torch-free.
namespace fovea::train {

// Output voxel v is looked up at from + matrix · (v − to) in the input; rows and columns are z, y, x.
struct AffineMap {
    std::array<double, 9> matrix{1, 0, 0, 0, 1, 0, 0, 0, 1};
    Vec3 from, to;

    Vec3 at(Index v) const;
};

// Turned about the axes 0, 1 and 2 by `angles` (radians) around the centres of input and patch, after scaling; a scale
// above 1 makes objects smaller. In plane: an angle about axis 0, scale.z = 1.
AffineMap turnedAndScaled(Vec3 angles, Vec3 scale, Index input, Index patch);
// The same seen through mirrors and, with `transpose`, with y and x swapped (for patches square in plane).
AffineMap mirroredFirst(AffineMap map, const std::array<bool, 3>& mirror, bool transpose);

// Linear between voxels, 0 outside of the input (torch's grid_sample with zero padding).
Volume<float> sampledLinearly(const Volume<float>& input, const AffineMap& map, Index patch);

enum class LabelRule {
    Nearest,  // of the nearest voxel
    Vote,     // the label with the largest linearly interpolated mask; among ties the nearest voxel's, else the lowest
};
// Offset of the input voxel whose label each output voxel gets, −1 where that is none: outside of the input, which
// votes as label −1, or a negative label. Masks are compared in half precision, as batchgeneratorsv2 0.3.6 does.
// Throws Error(Internal) for inputs of 2^31 voxels and more.
std::vector<std::int32_t> labelSources(const LabelVolume& labels, const AffineMap& map, Index patch, LabelRule rule);
// Labels taken from there, −1 where there is none.
LabelVolume sampledLabels(const LabelVolume& labels, const AffineMap& map, Index patch, LabelRule rule);

// `box` (inside the volume) flipped along axes, and with `transpose` then read with y and x swapped; no interpolation.
template <class T>
Volume<T> flipped(const Volume<T>& volume, const Box& box, const std::array<bool, 3>& mirror, bool transpose = false) {
    const Index n = box.extent();
    std::int64_t step[3] = {volume.shape().y * volume.shape().x, volume.shape().x, 1};
    if (transpose) std::swap(step[1], step[2]);
    std::int64_t start = volume.offset(box.begin);
    for (int a = 0; a < 3; ++a)
        if (mirror[std::size_t(a)]) start += step[a] * (n[a] - 1), step[a] = -step[a];
    Volume<T> result(n);
    T* out = result.data();
    for (std::int64_t z = 0; z < n.z; ++z)
        for (std::int64_t y = 0; y < n.y; ++y) {
            const T* in = volume.data() + start + z * step[0] + y * step[1];
            for (std::int64_t x = 0; x < n.x; ++x) *out++ = in[x * step[2]];
        }
    return result;
}

}  // namespace fovea::train
