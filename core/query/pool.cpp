#include "query/pool.h"

#include <algorithm>
#include <cstdio>

namespace fovea::query {

void checkPool(const Pool& pool, bool needsFeatures) {
    const std::size_t count = pool.features.patches.size();
    if (count == 0)
        throw Error(ErrorKind::Input,
                    FOVEA_TR("There is no patch to choose from. Import an image and run the features stage first."));
    const auto refuse = [&](const char* what, std::size_t values) {
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("There are {values} values of {what} for {patches} patches. Run the features stage again."),
             {{"values", std::to_string(values)}, {"what", what}, {"patches", std::to_string(count)}}});
    };
    if (needsFeatures && pool.features.dim < 1)
        throw Error(ErrorKind::Input,
                    FOVEA_TR("This strategy compares features, and there are none. Run the features stage first."));
    if (pool.features.values.size() != count * std::size_t(std::max<std::int64_t>(pool.features.dim, 0)))
        refuse("features", pool.features.values.size());
    if (!pool.doubt.empty() && pool.doubt.size() != count) refuse("doubt", pool.doubt.size());
    if (!pool.foreground.empty() && pool.foreground.size() != count) refuse("foreground", pool.foreground.size());
}

bool Taken::overlaps(const Patch& patch) const {
    return std::any_of(taken_.begin(), taken_.end(), [&](const Patch& other) {
        return other.caseId == patch.caseId && other.box.overlaps(patch.box);
    });
}

std::string shortNumber(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

std::string withFacts(const Pool& pool, std::size_t patch, std::string sentence) {
    if (!pool.foreground.empty() && pool.foreground[patch] == 0) sentence += "; nothing was found here: maybe missed";
    if (!pool.doubt.empty()) sentence += "; mean doubt " + shortNumber(pool.doubt[patch]);
    return sentence;
}

}  // namespace fovea::query
