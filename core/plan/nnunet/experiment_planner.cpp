#include "plan/nnunet/experiment_planner.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "plan/order_statistics.h"

namespace fovea::plan::nnunet {

namespace {

using Reals = std::vector<double>;

constexpr double anisotropic = 3;      // spacing and size ratio from which an axis counts as coarse
constexpr double lowresShare = 0.25;   // of the image that the patch must cover to go without lower resolution
constexpr double lowresFactor = 1.03;  // spacing grows by it until it does
constexpr double lowresGain = 2;       // least ratio of voxels that makes lower resolution worth it
constexpr double maskedShare = 0.75;   // of the image left after cropping

double product(const Reals& values) { return std::accumulate(values.begin(), values.end(), 1.0, std::multiplies<>()); }

double product(const Sizes& values) { return product(Reals(values.begin(), values.end())); }

template <class Triple>
std::vector<double> column(const std::vector<Triple>& rows, int axis) {
    std::vector<double> values;
    for (const Triple& row : rows) values.push_back(double(row[axis]));
    return values;
}

template <class Triple>
double percentileOf(const std::vector<Triple>& rows, int axis, double percent) {
    std::vector<double> values = column(rows, axis);
    std::sort(values.begin(), values.end());
    return percentile(values, percent);
}

std::size_t coarsest(const Reals& spacing) {
    return std::size_t(std::max_element(spacing.begin(), spacing.end()) - spacing.begin());
}

// Spec section 2.2, axes as stored: the median, or finer along an axis that is much coarser and shorter than the rest.
Reals targetSpacing(const DatasetFingerprint& fingerprint) {
    Reals target, size;
    for (int axis = 0; axis < 3; ++axis) {
        target.push_back(percentileOf(fingerprint.spacings, axis, 50));
        size.push_back(percentileOf(fingerprint.shapes, axis, 50));
    }
    const std::size_t worst = coarsest(target);
    double finest = 0, shortest = INFINITY;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (axis == worst) continue;
        finest = std::max(finest, target[axis]);
        shortest = std::min(shortest, size[axis]);
    }
    if (target[worst] > anisotropic * finest && size[worst] * anisotropic < shortest) {
        const double fine = percentileOf(fingerprint.spacings, int(worst), 10);
        target[worst] = fine < finest ? finest + 1e-5 : fine;
    }
    return target;
}

// Median over the cases, axes as stored, of their shapes at the target spacing.
Reals medianShapeAt(const Reals& target, const DatasetFingerprint& fingerprint) {
    Reals result;
    for (int axis = 0; axis < 3; ++axis) {
        Reals sizes;
        for (std::size_t c = 0; c < fingerprint.shapes.size(); ++c)
            sizes.push_back(std::nearbyint(fingerprint.spacings[c][axis] / target[std::size_t(axis)] *
                                           double(fingerprint.shapes[c][axis])));
        result.push_back(std::max(median(sizes), 1.0));
    }
    return result;
}

// The axis that becomes the first one: the coarsest, or the only layer of flat images.
std::size_t frontAxis(const Reals& target, const Reals& shape, bool keepAxes) {
    const std::size_t front = keepAxes ? 0 : coarsest(target);
    if (shape[front] == 1) return front;
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (shape[axis] == 1) return axis;
    return front;
}

Reals transposed(const Reals& values, const Sizes& forward) {
    Reals result;
    for (const std::int64_t axis : forward) result.push_back(values[std::size_t(axis)]);
    return result;
}

void setTransposition(std::size_t front, ExperimentPlan& plan) {
    plan.transposeForward = {std::int64_t(front)};
    for (std::int64_t axis = 0; axis < 3; ++axis)
        if (axis != std::int64_t(front)) plan.transposeForward.push_back(axis);
    plan.transposeBackward.resize(3);
    for (std::size_t i = 0; i < 3; ++i) plan.transposeBackward[std::size_t(plan.transposeForward[i])] = std::int64_t(i);
}

struct Context {
    PlannerKind kind;
    double gigabytes;
    std::int64_t classes;      // entries of dataset.json's labels
    std::int64_t numTraining;  // of dataset.json, whatever the fingerprint says

    PlannedConfiguration plan(std::string name, const Reals& spacing, const Reals& shape, double voxels) const {
        const NetworkBudget budget = kind.budget(int(spacing.size()), gigabytes);
        return {std::move(name), spacing, shape, planPatch(spacing, shape, classes, voxels, budget), true};
    }
};

// Spec section 2.9. Absent when the patch at full resolution sees enough or too little would be gained.
std::optional<PlannedConfiguration> planLowres(const PlannedConfiguration& full, const Context& context) {
    std::optional<PlannedConfiguration> low;
    Reals spacing = full.spacing;
    double patchVoxels = product(full.patch.pool.patch), voxels = product(full.median);
    while (patchVoxels / voxels < lowresShare) {
        const double coarse = *std::max_element(spacing.begin(), spacing.end());
        const auto finer = [&](double s) { return coarse / s > 2; };
        const bool some = std::any_of(spacing.begin(), spacing.end(), finer);
        for (double& s : spacing)
            if (!some || finer(s)) s *= lowresFactor;
        Reals shape, rounded;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            shape.push_back(full.spacing[axis] / spacing[axis] * full.median[axis]);
            rounded.push_back(std::max(std::nearbyint(shape[axis]), 1.0));
        }
        voxels = product(shape);
        low = context.plan("3d_lowres", spacing, rounded, voxels * double(context.numTraining));
        patchVoxels = product(low->patch.pool.patch);
    }
    if (product(full.median) / voxels < lowresGain) low.reset();
    return low;
}

// Spec section 2.10.
std::string normalisationFor(std::string channel) {
    std::transform(channel.begin(), channel.end(), channel.begin(), [](unsigned char c) { return std::tolower(c); });
    static const std::map<std::string, std::string> schemes = {{"ct", "CTNormalization"},
                                                               {"nonorm", "NoNormalization"},
                                                               {"rescale_to_0_1", "RescaleTo01Normalization"},
                                                               {"rgb_to_0_1", "RGBTo01Normalization"}};
    const auto found = schemes.find(channel);
    return found == schemes.end() ? "ZScoreNormalization" : found->second;
}

void checkRequest(const DatasetFingerprint& fingerprint, const DatasetJson& dataset, const PlannerRequest& request) {
    if (fingerprint.foreground.size() != dataset.channelNames.size())
        throw Error(
            ErrorKind::Input,
            {FOVEA_TR("The fingerprint has {n} channels, dataset.json names {want}. Measure the data set again."),
             {{"n", std::to_string(fingerprint.foreground.size())},
              {"want", std::to_string(dataset.channelNames.size())}}});
    bool fine = !request.gpuGigabytes || (*request.gpuGigabytes > 0 && *request.gpuGigabytes <= 1e6);
    for (int axis = 0; axis < 3 && request.targetSpacing; ++axis)
        fine = fine && (*request.targetSpacing)[axis] >= 1e-12 && (*request.targetSpacing)[axis] <= 1e12;
    if (!fine) throw Error(ErrorKind::Input, FOVEA_TR("GPU memory and target spacing must be above 0."));
}

}  // namespace

const PlannedConfiguration* ExperimentPlan::find(const std::string& name) const {
    for (const PlannedConfiguration& configuration : configurations)
        if (configuration.name == name) return &configuration;
    return nullptr;
}

ExperimentPlan planExperiment(const DatasetFingerprint& fingerprint, const DatasetJson& dataset,
                              const PlannerRequest& request) {
    checkRequest(fingerprint, dataset, request);
    ExperimentPlan plan;
    plan.planner = plannerByName(request.planner);
    plan.plansName = request.plansName.empty() ? plan.planner.plansName : request.plansName;
    plan.foreground = fingerprint.foreground;
    for (const std::string& channel : dataset.channelNames) {
        plan.normalisations.push_back(normalisationFor(channel));
        plan.masked.push_back(fingerprint.relativeSize < maskedShare &&
                              plan.normalisations.back() == "ZScoreNormalization");
    }
    const Context context{plan.planner, request.gpuGigabytes.value_or(plan.planner.gigabytes),
                          std::int64_t(dataset.labels.entries().size()), dataset.numTraining};

    const Reals target = request.targetSpacing
                             ? Reals{request.targetSpacing->z, request.targetSpacing->y, request.targetSpacing->x}
                             : targetSpacing(fingerprint);
    const Reals stored = medianShapeAt(target, fingerprint);
    setTransposition(frontAxis(target, stored, request.keepAxes), plan);
    const Reals spacing = transposed(target, plan.transposeForward), shape = transposed(stored, plan.transposeForward);
    for (const std::int64_t axis : plan.transposeForward) {
        plan.medianSpacing.push_back(median(column(fingerprint.spacings, int(axis))));
        plan.medianShape.push_back(std::int64_t(std::nearbyint(median(column(fingerprint.shapes, int(axis))))));
    }

    const double voxels = product(shape) * double(dataset.numTraining);
    plan.configurations.push_back(
        context.plan("2d", {spacing.begin() + 1, spacing.end()}, {shape.begin() + 1, shape.end()}, voxels));
    if (shape[0] != 1) {
        PlannedConfiguration full = context.plan("3d_fullres", spacing, shape, voxels);
        std::optional<PlannedConfiguration> low = planLowres(full, context);
        full.batchDice = low.has_value();
        if (low) {
            low->batchDice = false;
            plan.configurations.push_back(std::move(*low));
        }
        plan.configurations.push_back(std::move(full));
    }
    return plan;
}

}  // namespace fovea::plan::nnunet
