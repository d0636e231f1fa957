#include "infer/window_grid.h"

#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fovea::infer {

std::vector<std::int64_t> windowStarts(std::int64_t size, std::int64_t patch, double step) {
    const double rest = double(size - patch);
    const auto steps = std::int64_t(std::ceil(rest / (double(patch) * step))) + 1;
    const double stride = steps > 1 ? rest / double(steps - 1) : 0;
    std::vector<std::int64_t> starts;
    for (std::int64_t i = 0; i < steps; ++i) starts.push_back(std::int64_t(std::nearbyint(stride * double(i))));
    return starts;
}

WindowGrid planWindows(const Box& frame, Index patch, int dims, double step) {
    const bool sizes = !frame.empty() && patch.z > 0 && patch.y > 0 && patch.x > 0;
    if (!sizes || !(step > 0 && step <= 1) || (dims != 3 && (dims != 2 || patch.z != 1)))
        throw Error(ErrorKind::Input,
                    Text(FOVEA_TR("No windows of {patch} voxels with step {step} can be laid over {frame}. Check "
                                  "the plan's patch size and the box to predict."),
                         {{"patch", toString(patch)}, {"step", std::to_string(step)}, {"frame", toString(frame)}}));
    WindowGrid grid{patch, {}};
    for (int axis = 0; axis < 3; ++axis) {
        const std::int64_t size = frame.extent()[axis], padded = std::max(size, patch[axis]);
        const std::int64_t before = (padded - size) / 2;
        // A 2D network sees every section once.
        auto starts = windowStarts(padded, patch[axis], dims == 2 && axis == 0 ? 1.0 : step);
        for (std::int64_t& s : starts) s -= before;
        grid.starts[axis] = std::move(starts);
    }
    return grid;
}

std::vector<float> gaussianWeights(const std::vector<std::int64_t>& size, double sigmaScale) {
    std::vector<double> values{10.0};
    for (std::int64_t n : size) {
        const double sigma = double(n) * sigmaScale, centre = double(n / 2);
        std::vector<double> next;
        next.reserve(values.size() * std::size_t(n));
        for (double v : values)
            for (std::int64_t i = 0; i < n; ++i) {
                const double d = double(i) - centre;
                next.push_back(v * std::exp(-d * d / (2 * sigma * sigma)));
            }
        values = std::move(next);
    }
    std::vector<float> weights(values.size());
    float least = 10;
    for (std::size_t i = 0; i < values.size(); ++i) {
        weights[i] = float(c10::Half(float(values[i])));
        if (weights[i] > 0) least = std::min(least, weights[i]);
    }
    for (float& w : weights)
        if (w == 0) w = least;
    return weights;
}

}  // namespace fovea::infer
