#pragma once
#include <array>
#include <cstdint>
#include <numbers>
#include <optional>
#include <vector>

#include "base/rng.h"
#include "data/volume.h"
#include "train/spatial_transform.h"

namespace fovea::train {

// How likely a transform is for a sample and, where that happens, for each of its channels.
struct Chance {
    double sample = 1, channel = 1;
};

// What may be done to a training sample, in the order of the fields. The default is what the stages learn with: turns
// and zooms in plane of many samples; nnunet() is nnU-Net's own (spec section 4.4).
struct AugmentOptions {
    double rotate = 0.35, scale = 0.35;       // probabilities
    Vec3 angles{std::numbers::pi, 0, 0};      // largest turn about each axis, radians; about z alone = in plane
    double scaleFrom = 0.75, scaleTo = 1.33;  // larger = objects smaller
    bool scaleEvenly = false;                 // over the whole range; else half of them below 1, half above
    bool scaleDepth = false;                  // z is zoomed too
    LabelRule labels = LabelRule::Nearest;

    double noise = 0.15;
    double noiseTo = 0.15;  // standard deviation
    Chance blur{1, 0.15};
    double blurFrom = 0.5, blurTo = 1.2;  // sigma, per axis
    bool blurDepth = false;
    Chance brightness{1, 0.25};
    double brightnessShift = 0.2;
    Chance contrast{1, 0.25};
    Chance lowResolution{0, 0};
    bool lowResolutionDepth = false;
    Chance invertedGamma{1, 0.075}, gamma{1, 0.225};

    std::array<bool, 3> mirror{true, true, true};  // each with probability ½; z only where the patch is deep
    bool quarterTurns = true;                      // y and x swapped with probability ½ where the patch is square

    static AugmentOptions none();  // mirrors and quarter turns in plane are left
    // Turns about all axes, or about axis 0 alone for 2D and for patches with few sections.
    static AugmentOptions nnunet(Index patch, int dims);
};

// One sample while it is made: channels, classes and certainty (0…1) of equal shape.
struct SampleArrays {
    std::vector<Volume<float>> channels;
    Volume<std::uint8_t> target;
    Volume<float> weight;
};

// The spatial part as numbers, drawn before anything is read, so that the window read is no larger than needed.
struct SpatialDraw {
    Vec3 angles{0, 0, 0};  // about each axis
    Vec3 scale{1, 1, 1};
    std::array<bool, 3> mirror{false, false, false};
    bool transpose = false;  // swaps y and x; only where the patch is square
    bool plain() const { return angles == Vec3{0, 0, 0} && scale == Vec3{1, 1, 1}; }
};
SpatialDraw drawSpatial(const AugmentOptions& options, Index patch, Rng& rng);
// Voxels beyond each face of `patch` that the draw may look at.
Index spatialMargin(const SpatialDraw& draw, Index patch);

// Samples `patch` from the centre of the window (patch grown by the margin): linear for images, one rule for classes
// and certainty, which is 0 outside of the window. Without turn and zoom it is a plain crop; the window must then hold
// the patch.
SampleArrays applySpatial(const SampleArrays& window, Index patch, const SpatialDraw& draw, LabelRule rule);

// What happens to the grey values of one channel; the fields' defaults do nothing.
struct IntensityDraw {
    double noise = 0;
    Vec3 blur{0, 0, 0};
    double brightness = 1, shift = 0;
    std::optional<double> contrast;
    std::optional<Vec3> lowResolution;
    std::optional<double> invertedGamma, gamma;
};
std::vector<IntensityDraw> drawIntensity(const AugmentOptions& options, std::size_t channels, Rng& rng);
// In place; `rng` gives the noise.
void applyIntensity(Volume<float>& channel, const IntensityDraw& draw, Rng& rng);

}  // namespace fovea::train
