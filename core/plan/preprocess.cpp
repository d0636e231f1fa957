#include "plan/preprocess.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"

namespace fovea::plan {

namespace {

constexpr std::array<std::pair<ChannelScheme, const char*>, 6> schemeNames{
    {{ChannelScheme::ZScore, "ZScoreNormalization"},
     {ChannelScheme::Ct, "CTNormalization"},
     {ChannelScheme::None, "NoNormalization"},
     {ChannelScheme::RescaleTo01, "RescaleTo01Normalization"},
     {ChannelScheme::RgbTo01, "RGBTo01Normalization"},
     {ChannelScheme::Percentile, "PercentileNormalization"}}};
constexpr double infinity = std::numeric_limits<double>::max();

ChannelNorm linear(double lower, double upper, double subtract, double divide) {
    return {lower, upper, subtract, 1 / std::max(divide, 1e-8)};
}

}  // namespace

const char* name(ChannelScheme scheme) {
    for (const auto& [value, text] : schemeNames)
        if (value == scheme) return text;
    return "";
}

ChannelScheme channelSchemeByName(const std::string& wanted) {
    for (const auto& [value, text] : schemeNames)
        if (wanted == text) return value;
    throw Error(ErrorKind::Unsupported,
                {FOVEA_TR("The normalisation {name} is not known here. Known: ZScoreNormalization, CTNormalization, "
                          "NoNormalization, RescaleTo01Normalization, RGBTo01Normalization, "
                          "PercentileNormalization."),
                 {{"name", wanted}}});
}

ChannelNorm channelNorm(ChannelScheme scheme, const Intensity& whole, const Intensity& foreground) {
    switch (scheme) {
        case ChannelScheme::ZScore:
            return linear(-infinity, infinity, whole.mean, whole.std);
        case ChannelScheme::Ct:
            return linear(foreground.percentile005, foreground.percentile995, foreground.mean, foreground.std);
        case ChannelScheme::RescaleTo01:
            return linear(-infinity, infinity, whole.min, whole.max - whole.min);
        case ChannelScheme::RgbTo01:
            return linear(-infinity, infinity, 0, 255);
        case ChannelScheme::Percentile:
            return linear(whole.percentile005, whole.percentile995, whole.percentile005,
                          whole.percentile995 - whole.percentile005);
        case ChannelScheme::None:
            break;
    }
    return {-infinity, infinity, 0, 1};
}

void normalise(float* values, std::int64_t count, const ChannelNorm& norm) {
    for (std::int64_t i = 0; i < count; ++i)
        values[i] = float((std::clamp(double(values[i]), norm.lower, norm.upper) - norm.subtract) * norm.scale);
}

}  // namespace fovea::plan
