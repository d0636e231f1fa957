#pragma once
#include "base/job.h"
#include "data/image_source.h"
#include "data/volume.h"

namespace fovea::segment {

// Voxels this many times as thick as wide are worked on slice by slice.
constexpr double thickFrom = 4;
// The same for sectionStep(): 4.2 to 10 on sections of 50 nm at 5 nm per pixel, 1 to 2.8 on what has less than three
// times.
constexpr double thickLooksFrom = 3.3;

// How far apart sections lie, in voxels of the plane, judged by the image alone: the distance in the plane over which
// grey values stop being correlated as much as they do from one section to the next. Two sections count each for
// itself, so brightness that changes between them does not matter; neither does noise, which no distance has in common.
// Not finite samples are left out. 1 when sections resemble one another at least as much as neighbouring pixels do, or
// nothing can be told (one section, no structure). At most 32.
double sectionStep(const Volume<float>& image, Job& job);

// The same from a block in the middle of a larger image, cheap enough for a click.
double sectionStepInTheMiddle(const Volume<float>& image, Job& job);
double sectionStepInTheMiddle(const ImageSource& image, Job& job);  // of channel 0

}  // namespace fovea::segment
