#pragma once
#include <vector>

#include "base/job.h"
#include "data/volume.h"

namespace fovea::segment {

// The value below which `percent` (0…100) of the values that are not 0 lie, linear between order statistics (NumPy's
// default rule); 0 when there are none. Not finite values don't count.
double percentileOfNonZero(std::vector<float> values, double percent);

// Values above that percentile become it.
void clipBright(Volume<float>& section, double percent);

struct AdaptiveContrast {
    std::int64_t block = 128;  // side of the squares whose histograms are equalised, in pixels
    double clip = 0.01;        // share of a square's pixels that one of the 256 grey levels may hold
};

// Contrast-limited adaptive histogram equalisation (Zuiderveld 1994) of a section (1, y, x), grey levels and edges
// as scikit-image's equalize_adapthist has them, so that networks trained behind that see the same. Result in 0…1; a
// section of one value becomes zeros. Values must be finite. Throws Error(Input) for more than one section, Cancelled.
void equaliseAdaptively(Volume<float>& section, const AdaptiveContrast& options, Job& job);

}  // namespace fovea::segment
