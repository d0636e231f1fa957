#include "plan/topology.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace fovea::plan {

namespace {

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

Sizes residualBlocks(std::size_t stages) {
    Sizes blocks{1, 3, 4};
    blocks.resize(stages, 6);
    return blocks;
}

double featureMapEstimate(const PoolPlan& pool, const Sizes& features, std::int64_t classes, bool residual) {
    const Sizes blocks = residualBlocks(pool.stages());
    double estimate = 0;
    Sizes size = pool.patch;
    for (std::size_t s = 0; s < pool.stages(); ++s) {
        double positions = 1;
        for (std::size_t a = 0; a < size.size(); ++a) positions *= double(size[a] /= pool.strides[s][a]);
        // Plain: two convolutions down, two and the transposed one up. Residual: two per block and one more for the
        // stem or the shortcut down, one and the transposed one up.
        std::int64_t maps = residual ? 2 * blocks[s] + 1 : 2;
        if (s + 1 < pool.stages()) maps += residual ? 2 : 3;
        estimate += double(maps * features[s]) * positions;
        if (s == 0 && pool.stages() > 1) estimate += double(classes) * positions;
    }
    return estimate;
}

namespace {

// As much of 256³ or 2048² voxels' volume as the image has, the same length in space on every axis.
std::vector<double> firstPatch(const std::vector<double>& spacing, const std::vector<double>& median) {
    const std::size_t dims = spacing.size();
    std::vector<double> patch(dims);
    double product = 1;
    for (std::size_t a = 0; a < dims; ++a) product *= patch[a] = 1 / spacing[a];
    const double scale = std::pow((dims == 2 ? 2048.0 * 2048.0 : 256.0 * 256.0 * 256.0) / product, 1.0 / double(dims));
    for (std::size_t a = 0; a < dims; ++a)
        patch[a] = std::min(std::max(std::nearbyint(patch[a] * scale), 1.0), median[a]);
    return patch;
}

PatchPlan measured(const std::vector<double>& spacing, const std::vector<double>& patch, std::int64_t classes,
                   const NetworkBudget& budget) {
    PatchPlan plan;
    plan.pool = planPooling(spacing, patch);
    plan.features = planFeatures(plan.pool.stages(), baseFeatures, budget.mostFeatures);
    plan.estimate = featureMapEstimate(plan.pool, plan.features, classes, budget.residual);
    return plan;
}

// The default planner weighs the whole reference batch, the residual ones a single sample (spec section 2.8, step 4).
bool tooLarge(double estimate, const NetworkBudget& budget) {
    return (budget.residual ? estimate : estimate / budget.referenceBatch * 2) > budget.reference;
}

// The patch with the axis that covers most of the image (the last of equals) shortened by what it will be divisible by.
std::vector<double> shrunk(const PoolPlan& pool, const std::vector<double>& spacing,
                           const std::vector<double>& median) {
    std::vector<double> patch(pool.patch.begin(), pool.patch.end());
    std::size_t axis = 0;
    for (std::size_t a = 1; a < patch.size(); ++a)
        if (patch[a] / median[a] >= patch[axis] / median[axis]) axis = a;
    std::vector<double> trial = patch;
    trial[axis] -= double(pool.divisor[axis]);
    patch[axis] -= double(planPooling(spacing, trial).divisor[axis]);
    if (patch[axis] < 1)
        throw Error(ErrorKind::Input,
                    FOVEA_TR("Not even the smallest patch fits into that much GPU memory. Allow more."));
    return patch;
}

}  // namespace

PatchPlan planPatch(const std::vector<double>& spacing, const std::vector<double>& median, std::int64_t classes,
                    double voxels, const NetworkBudget& budget) {
    PatchPlan plan = measured(spacing, firstPatch(spacing, median), classes, budget);
    while (tooLarge(plan.estimate, budget))
        plan = measured(spacing, shrunk(plan.pool, spacing, median), classes, budget);
    double patchVoxels = 1;
    for (std::int64_t p : plan.pool.patch) patchVoxels *= double(p);
    const double fits = std::nearbyint(budget.reference / plan.estimate * budget.referenceBatch),
                 cap = std::nearbyint(voxels * budget.datasetShare / patchVoxels);
    plan.batch = std::int64_t(std::max(std::min(fits, cap), 2.0));
    return plan;
}

}  // namespace fovea::plan
