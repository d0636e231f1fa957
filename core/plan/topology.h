#pragma once
#include <cstdint>
#include <vector>

// nnU-Net's rules for the shape of the network (spec sections 2.6 to 2.8), for 2 or 3 axes.
namespace fovea::plan {

using Sizes = std::vector<std::int64_t>;

struct PoolPlan {
    std::vector<Sizes> kernels, strides;  // one per stage; the first stride is all ones
    Sizes divisor;                        // 2 to the number of poolings, per axis
    Sizes patch;                          // the patch asked for, padded to multiples of the divisor
    std::size_t stages() const { return kernels.size(); }
};

// Pools the finest axes while they have 8 voxels; a kernel spans an axis once its spacing is within a factor 2. At most
// `maxStages`.
PoolPlan planPooling(const std::vector<double>& spacing, const std::vector<double>& patch, std::size_t maxStages = 64);

// min(most, base · 2^i) per stage.
Sizes planFeatures(std::size_t stages, std::int64_t base, std::int64_t most);

// Values kept for one training sample: the plain U-Net's feature maps plus `classes` at full resolution.
double featureMapEstimate(const PoolPlan& pool, const Sizes& features, std::int64_t classes);

struct PatchPlan {
    PoolPlan pool;
    double estimate = 0;
    std::int64_t batch = 2;
};

// The default planner's patch and batch for 8 GB of GPU memory: shrinks the patch until the feature maps fit.
// `median` is the median image size on these axes, `voxels` the voxels of the data set.
PatchPlan planPatch(const std::vector<double>& spacing, const std::vector<double>& median, std::int64_t classes,
                    double voxels);

}  // namespace fovea::plan
