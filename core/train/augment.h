#pragma once
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "data/volume.h"

namespace fovea::train {

// What may be done to a training sample; the strengths are nnU-Net's where it has the transform (spec section 4.4).
// Probabilities 0 switch a transform off.
struct AugmentOptions {
    bool mirrorZ = true;                      // in plane mirroring and quarter turns are always allowed
    double rotate = 0.35, scale = 0.35;       // probabilities of any in-plane angle, of a zoom
    double scaleFrom = 0.75, scaleTo = 1.33;  // larger = objects smaller
    double noise = 0.15, blur = 0.15, brightness = 0.25, contrast = 0.25, gamma = 0.3;
    static AugmentOptions none();
};

// One sample while it is made: channels, classes and certainty (0…1) of equal shape.
struct SampleArrays {
    std::vector<Volume<float>> channels;
    Volume<std::uint8_t> target;
    Volume<float> weight;
};

// The spatial part as numbers, drawn before anything is read, so that the window read is no larger than needed.
struct SpatialDraw {
    double angle = 0, scale = 1;  // in plane
    bool mirror[3] = {false, false, false};
    bool transpose = false;  // swaps y and x; only where the patch is square
};
SpatialDraw drawSpatial(const AugmentOptions& options, Index patch, Rng& rng);
// Voxels beyond each face of `patch` that the draw may look at.
Index spatialMargin(const SpatialDraw& draw, Index patch);

// Samples `patch` from the centre of the window (patch grown by the margin): bilinear in plane for images, nearest for
// classes and certainty. Without rotation and zoom it is a plain crop.
SampleArrays applySpatial(const SampleArrays& window, Index patch, const SpatialDraw& draw);

// Brightness, contrast, gamma, blur (in plane), noise; in place.
void applyIntensity(std::vector<Volume<float>>& channels, const AugmentOptions& options, Rng& rng);

}  // namespace fovea::train
