#pragma once
#include <cstdint>
#include <vector>

// nnU-Net's rules for the shape of the network (spec nnunet.md sections 2.6 to 2.8), for 2 or 3 axes.
namespace fovea::plan {

using Sizes = std::vector<std::int64_t>;

struct PoolPlan {
    std::vector<Sizes> kernels, strides;  // one per stage; the first stride is all ones
    Sizes divisor;                        // 2 to the number of poolings, per axis
    Sizes patch;                          // the patch asked for, padded to multiples of the divisor
    std::size_t stages() const { return kernels.size(); }
};

// Pools the finest axes while they have 8 voxels; a kernel spans an axis once its spacing is within a factor 2. At most
// `maxStages`. Patches may be fractional.
PoolPlan planPooling(const std::vector<double>& spacing, const std::vector<double>& patch, std::size_t maxStages = 64);

// min(most, base · 2^i) per stage.
Sizes planFeatures(std::size_t stages, std::int64_t base, std::int64_t most);

// Blocks per stage of the residual encoder: 1, 3, 4, 6, 6, …
Sizes residualBlocks(std::size_t stages);

// What a network may cost and which one it is: PlainConvUNet or ResidualEncoderUNet, 32 features first.
struct NetworkBudget {
    bool residual = false;
    double reference = 560e6;   // largest featureMapEstimate() with the reference batch
    double referenceBatch = 2;  // 2 in 3D, 12 in 2D
    std::int64_t mostFeatures = 320;
    double datasetShare = 0.05;  // largest share of the data set's voxels in one batch
};

constexpr std::int64_t baseFeatures = 32;

// Values kept for one training sample: the feature maps plus `classes` at full resolution (entries of dataset.json's
// labels, so with ignore and regions).
double featureMapEstimate(const PoolPlan& pool, const Sizes& features, std::int64_t classes, bool residual);

struct PatchPlan {
    PoolPlan pool;
    Sizes features;
    double estimate = 0;
    std::int64_t batch = 2;
};

// nnU-Net's patch and batch: starts from a patch as cubic in space as the median image size on these axes allows and
// shrinks it until the feature maps fit the budget. `voxels` are those of the data set. Throws Error(Input) when not
// even one voxel fits.
PatchPlan planPatch(const std::vector<double>& spacing, const std::vector<double>& median, std::int64_t classes,
                    double voxels, const NetworkBudget& budget);

}  // namespace fovea::plan
