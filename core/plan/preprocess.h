#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan/fingerprint.h"

namespace fovea::plan {

// How one channel becomes network input. Names as nnU-Net writes them; PercentileNormalization is ours: 0.5 % and 99.5
// % of the image become 0 and 1.
enum class ChannelScheme { ZScore, Ct, None, RescaleTo01, RgbTo01, Percentile };

const char* name(ChannelScheme scheme);                      // "ZScoreNormalization", …
ChannelScheme channelSchemeByName(const std::string& name);  // throws Error(Unsupported)

// x → (clamp(x, lower, upper) − subtract) · scale, in double, stored as float.
struct ChannelNorm {
    double lower, upper;
    double subtract = 0, scale = 1;
};

struct CaseNorm {
    std::string id;
    std::vector<ChannelNorm> channels;
};

// From the statistics of one image (`whole`) and of the data set's foreground (used by Ct alone). nnU-Net's formulas
// (spec section 6.1); a constant image becomes 0.
ChannelNorm channelNorm(ChannelScheme scheme, const Intensity& whole, const Intensity& foreground);

// In place.
void normalise(float* values, std::int64_t count, const ChannelNorm& norm);

}  // namespace fovea::plan
