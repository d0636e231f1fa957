#pragma once
#include <vector>

#include "base/rng.h"
#include "data/volume.h"

// nnU-Net's changes of grey values with given parameters (spec section 4.4), one channel at a time, in place. Values
// that are no number stay so, and spread over their channel where a mean is taken. Torch-free.
namespace fovea::train {

// Independent normal noise; `sigma` is its standard deviation.
void addNoise(Volume<float>& v, double sigma, Rng& rng);

// Weights exp(−x²/2σ²), normalised; as many as the odd number next to 6σ + 0.5.
std::vector<float> blurKernel(double sigma);
// Separable Gaussian with mirrored borders, any axis length. An axis with sigma 0 is left alone.
void blur(Volume<float>& v, Vec3 sigma);

void changeBrightness(Volume<float>& v, double factor, double shift = 0);

// Distance from the mean times `factor`, cut to the range there was.
void changeContrast(Volume<float>& v, double factor);

// ((x − min) / range)^γ · range + min, then mean and (unbiased) standard deviation as they were; `inverted` does so on
// the negated image.
void changeGamma(Volume<float>& v, double gamma, bool inverted);

// Nearest-exact down to round(n · scale) voxels per axis (at least 1), linear back up.
void lowerResolution(Volume<float>& v, Vec3 scale);

// Input index of each of `to` voxels when an axis of `from` is resized to the nearest voxel, as torch's nearest-exact.
std::vector<std::int64_t> nearestExact(std::int64_t from, std::int64_t to);

}  // namespace fovea::train
