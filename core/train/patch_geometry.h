#pragma once
#include <cstdint>

#include "data/volume.h"

// Where nnU-Net takes a training patch from (spec sections 4.2 and 4.3). Axes are z, y, x; a 2D patch has depth 1.
// Torch-free.
namespace fovea::train {

// How far patches of a shape are turned and what must be read for that.
struct AugmentGeometry {
    double rotation = 0;   // largest angle, radians
    bool inPlane = false;  // turned and zoomed about axis 0 alone: 2D, and 3D patches with few sections ("dummy 2D")
    Index initialPatch;    // a window of this size holds the turned and zoomed patch, corners excepted
};
AugmentGeometry augmentGeometry(Index patch, int dims);

// How many of `batch` samples (the last ones) are placed around foreground.
std::int64_t forcedForeground(std::int64_t batch, double share = 0.33);

// First and last start of a window, so that the patch in its centre reaches every border of the image; both inclusive.
struct StartRange {
    Index lower, upper;
};
StartRange startRange(Index image, Index window, Index patch);
// Start of a window around a location; it may reach beyond the upper end.
Index startAround(Index location, const StartRange& range, Index window);

// Position v mirrored into [0, n) without repeating the border, however far outside.
std::int64_t reflected(std::int64_t v, std::int64_t n);

// The content of `box` of a volume; `outside` where the box reaches beyond it.
template <class T>
Volume<T> cropAndPad(const Volume<T>& volume, const Box& box, T outside) {
    Volume<T> result(box.extent(), outside);
    const Box inside = box.intersected(volume.box());
    if (!inside.empty()) copyBox(volume, inside, result, inside.begin - box.begin);
    return result;
}

// The middle of a volume, from floor(n/2) − floor(patch/2) on.
Box centreBox(Index volume, Index patch);

}  // namespace fovea::train
