#include "plan/topology.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fovea::plan {

namespace {

constexpr std::int64_t gpuBase = 32;

Sizes padded(const std::vector<double>& patch, const Sizes& divisor) {
    Sizes result(patch.size());
    for (std::size_t a = 0; a < patch.size(); ++a)
        result[a] = std::int64_t(std::ceil(patch[a] / double(divisor[a])) * double(divisor[a]));
    return result;
}

// Axes pooled next: those with at least 8 positions and a spacing within a factor 2 of the finest of them.
std::vector<std::size_t> poolableAxes(const std::vector<double>& spacing, const std::vector<double>& size) {
    double finest = std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < size.size(); ++a)
        if (size[a] >= 8) finest = std::min(finest, spacing[a]);
    std::vector<std::size_t> axes;
    for (std::size_t a = 0; a < size.size(); ++a)
        if (size[a] >= 8 && spacing[a] / finest < 2) axes.push_back(a);
    if (axes.size() == 1 && size[axes[0]] < 12) axes.clear();
    return axes;
}

}  // namespace

PoolPlan planPooling(const std::vector<double>& spacing, const std::vector<double>& patch, std::size_t maxStages) {
    const std::size_t dims = spacing.size();
    PoolPlan plan;
    plan.divisor.assign(dims, 1);
    plan.strides.push_back(Sizes(dims, 1));
    Sizes kernel(dims, 1);
    std::vector<double> now = spacing, size = patch;
    while (plan.strides.size() < maxStages) {
        const std::vector<std::size_t> axes = poolableAxes(now, size);
        if (axes.empty()) break;
        const double finest = *std::min_element(now.begin(), now.end());
        for (std::size_t a = 0; a < dims; ++a)
            if (now[a] / finest < 2) kernel[a] = 3;
        plan.kernels.push_back(kernel);
        Sizes stride(dims, 1);
        for (std::size_t a : axes) {
            stride[a] = 2;
            plan.divisor[a] *= 2;
            now[a] *= 2;
            size[a] = std::ceil(size[a] / 2);
        }
        plan.strides.push_back(stride);
    }
    plan.kernels.push_back(Sizes(dims, 3));
    plan.patch = padded(patch, plan.divisor);
    return plan;
}

Sizes planFeatures(std::size_t stages, std::int64_t base, std::int64_t most) {
    Sizes features;
    for (std::size_t s = 0; s < stages; ++s) features.push_back(std::min(most, s < 32 ? base << s : most));
    return features;
}

double featureMapEstimate(const PoolPlan& pool, const Sizes& features, std::int64_t classes) {
    double estimate = 0;
    Sizes size = pool.patch;
    for (std::size_t s = 0; s < pool.stages(); ++s) {
        double positions = 1;
        for (std::size_t a = 0; a < size.size(); ++a) positions *= double(size[a] /= pool.strides[s][a]);
        estimate += (s + 1 < pool.stages() ? 5 : 2) * double(features[s]) * positions;
        if (s == 0 && pool.stages() > 1) estimate += double(classes) * positions;
    }
    return estimate;
}

PatchPlan planPatch(const std::vector<double>& spacing, const std::vector<double>& median, std::int64_t classes,
                    double voxels) {
    const std::size_t dims = spacing.size();
    const double refBatch = dims == 2 ? 12 : 2, reference = dims == 2 ? 85e6 : 560e6;
    const std::int64_t most = dims == 2 ? 512 : 320;
    double product = 1;
    for (double s : spacing) product /= s;
    const double scale = std::pow((dims == 2 ? 2048.0 * 2048.0 : 256.0 * 256.0 * 256.0) / product, 1.0 / double(dims));
    std::vector<double> patch(dims);
    for (std::size_t a = 0; a < dims; ++a) patch[a] = std::min(std::nearbyint(1 / spacing[a] * scale), median[a]);

    PatchPlan plan;
    const auto measure = [&](const std::vector<double>& wanted) {
        plan.pool = planPooling(spacing, wanted);
        plan.estimate = featureMapEstimate(plan.pool, planFeatures(plan.pool.stages(), gpuBase, most), classes);
        patch.assign(plan.pool.patch.begin(), plan.pool.patch.end());
    };
    measure(patch);
    while (plan.estimate / refBatch * 2 > reference) {
        std::size_t axis = 0;
        for (std::size_t a = 1; a < dims; ++a)
            if (patch[a] / median[a] >= patch[axis] / median[axis]) axis = a;
        std::vector<double> trial = patch;
        trial[axis] -= double(plan.pool.divisor[axis]);
        const std::int64_t step = planPooling(spacing, trial).divisor[axis];
        if (patch[axis] - double(step) < 1) break;
        patch[axis] -= double(step);
        measure(patch);
    }
    double patchVoxels = 1;
    for (double p : patch) patchVoxels *= p;
    const double fits = std::nearbyint(reference / plan.estimate * refBatch),
                 cap = std::nearbyint(voxels * 0.05 / patchVoxels);
    plan.batch = std::int64_t(std::max(std::min(fits, cap), 2.0));
    return plan;
}

}  // namespace fovea::plan
