#include "plan/planner.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "plan/architecture.h"
#include "plan/nnunet/planner_kind.h"
#include "plan/order_statistics.h"

namespace fovea::plan {

namespace {

// What finishes on a CPU; a GPU gets nnU-Net's own sizes.
constexpr std::int64_t cpuBase = 16, cpuMostFeatures = 256, cpuPatch2d = 256;
constexpr Index cpuPatch3d{16, 128, 128};
constexpr std::size_t cpuStages = 6;
constexpr std::int64_t leastPatch = 16;  // voxels in plane, so that there are two poolings and deep supervision works
constexpr double flatRatio = 4;          // sections this much thicker than a pixel are looked at one by one
constexpr std::int64_t fewSections = 8;
constexpr double borderShare = 1.0 / 14;  // of an object's width, on either side
constexpr std::int64_t thickestBorder = 3;

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

std::string joined(const Sizes& sizes) {
    std::string text;
    for (std::int64_t s : sizes) text += (text.empty() ? "" : " × ") + std::to_string(s);
    return text;
}

[[noreturn]] void notOffered(const std::string& option, const std::string& value, const std::string& offered) {
    throw Error(ErrorKind::Input, {FOVEA_TR("{option} cannot be {value}. Choose one of: {offered}."),
                                   {{"option", option}, {"value", value}, {"offered", offered}}});
}

struct Medians {
    Index shape;
    Vec3 spacing;
};

Medians mediansOf(const Fingerprint& fingerprint) {
    Medians m;
    for (int axis = 0; axis < 3; ++axis) {
        std::vector<std::int64_t> sizes;
        std::vector<double> spacings;
        for (const CasePrint& one : fingerprint.cases)
            sizes.push_back(one.shape[axis]), spacings.push_back(one.spacing[axis]);
        m.shape[axis] = std::int64_t(std::nearbyint(median(sizes)));
        m.spacing[axis] = median(spacings);
        if (m.shape[axis] < 1 || !(m.spacing[axis] > 0))
            throw Error(ErrorKind::Input,
                        FOVEA_TR("The images have no voxels or no voxel size. Import them again and give a "
                                 "voxel size above 0."));
    }
    return m;
}

// 2 or 3, with the reason.
int chooseDimensions(const Medians& m, const std::string& wanted, Plan& plan) {
    if (wanted != "auto" && wanted != "2d" && wanted != "3d") notOffered("dimensions", wanted, "auto, 2d, 3d");
    const double ratio = m.spacing.z / std::min(m.spacing.y, m.spacing.x);
    Choice choice{"dimensions", "3d", {}};
    if (m.shape.z == 1) {
        if (wanted == "3d") notOffered("dimensions", wanted, "2d (the images are single sections)");
        choice = {"dimensions", "2d", FOVEA_TR("The images are single sections.")};
    } else if (wanted != "auto") {
        choice = {"dimensions", wanted, FOVEA_TR("You chose it.")};
    } else if (m.shape.z < fewSections) {
        choice = {
            "dimensions",
            "2d",
            {FOVEA_TR("There are only {n} sections: too few for a 3D network."), {{"n", std::to_string(m.shape.z)}}}};
    } else if (ratio > flatRatio) {
        choice = {"dimensions",
                  "2d",
                  {FOVEA_TR("Sections are {ratio} times thicker than a pixel is wide, so each is looked at by "
                            "itself and joined afterwards."),
                   {{"ratio", number(ratio)}}}};
    } else {
        choice.reason = {FOVEA_TR("Voxels are nearly as thick as wide ({ratio} to 1), so neighbouring sections help."),
                         {{"ratio", number(ratio)}}};
    }
    plan.choices.push_back(choice);
    return choice.value == "2d" ? 2 : 3;
}

// The largest CPU patch on one axis: at most `cap`, a multiple of 16 where the image is large enough.
double cpuEdge(std::int64_t size, std::int64_t cap, bool inPlane) {
    std::int64_t edge = std::min(size, cap);
    if (edge >= 32) edge -= edge % 16;
    return double(inPlane ? std::max(edge, leastPatch) : edge);
}

PoolPlan choosePatch(const Medians& m, int dims, const Fingerprint& fingerprint, const PlanRequest& request,
                     Plan& plan) {
    const int first = 3 - dims;
    std::vector<double> size;
    for (int axis = first; axis < 3; ++axis)
        plan.spacing.push_back(m.spacing[axis]), size.push_back(double(m.shape[axis]));
    PoolPlan pool;
    if (request.gpu) {
        for (double& s : size) s = std::max(s, double(leastPatch));
        double voxels = 0;
        for (const CasePrint& one : fingerprint.cases) voxels += double(one.shape.count());
        const PatchPlan best =
            planPatch(plan.spacing, size, plan.classes(), voxels, nnunet::defaultPlanner().budget(dims));
        pool = best.pool;
        plan.batch = best.batch;
        plan.choices.push_back(
            {"patch", joined(pool.patch), FOVEA_TR("As much context as fits into 8 GB of GPU memory.")});
        plan.choices.push_back(
            {"batch", std::to_string(best.batch),
             FOVEA_TR("As many patches at once as fit into that memory beside each other: two at least, and not so "
                      "many that one step sees more than a twentieth of your images.")});
    } else {
        for (int axis = first; axis < 3; ++axis) {
            const std::int64_t cap = dims == 2 ? cpuPatch2d : cpuPatch3d[axis];
            size[axis - first] = cpuEdge(m.shape[axis], cap, axis > 0);
        }
        pool = planPooling(plan.spacing, size, cpuStages);
        plan.batch = dims == 2 ? 4 : 2;
        plan.choices.push_back(
            {"patch", joined(pool.patch), FOVEA_TR("Small enough to learn from in minutes without a GPU.")});
        plan.choices.push_back({"batch", std::to_string(plan.batch),
                                FOVEA_TR("Patches at once: more would make each step steadier, but slower.")});
    }
    plan.patch = pool.patch;
    return pool;
}

void chooseNetwork(const PoolPlan& pool, int dims, const PlanRequest& request, Plan& plan) {
    const std::int64_t base = request.baseFeatures > 0 ? request.baseFeatures : request.gpu ? baseFeatures : cpuBase;
    const std::int64_t most =
        request.gpu ? nnunet::defaultPlanner().budget(dims).mostFeatures : std::max(cpuMostFeatures, base);
    const Sizes features = planFeatures(pool.stages(), base, most);
    plan.architecture = architectureJson(networkOf(pool, features, false));
    Text reason = FOVEA_TR("As deep as the patch can be halved, and as wide as nnU-Net makes its networks.");
    if (request.baseFeatures > 0)
        reason = FOVEA_TR("As deep as the patch can be halved; you chose the width.");
    else if (!request.gpu)
        reason = FOVEA_TR(
            "As deep as the patch can be halved, and half as wide as nnU-Net makes its networks, so that "
            "a step takes seconds on a processor.");
    plan.choices.push_back({"network",
                            std::to_string(pool.stages()) + " × " + std::to_string(features.front()) + " … " +
                                std::to_string(features.back()),
                            reason});
}

void choosePretraining(const PlanRequest& request, Plan& plan) {
    plan.iterations = request.iterations > 0 ? request.iterations : request.gpu ? 2000 : 1000;
    plan.pretrainIterations = request.pretrainIterations >= 0 ? request.pretrainIterations : plan.iterations / 5;
    plan.choices.push_back({"pre-training", std::to_string(plan.pretrainIterations),
                            request.pretrainIterations >= 0
                                ? FOVEA_TR("You chose it.")
                                : FOVEA_TR("A fifth of the steps that fine-tuning may take: pseudo-labels teach "
                                           "what you then correct.")});
}

// A border that is thick enough to be learnt and leaves most of an object to its inside.
std::int64_t borderThickness(double objectWidth) {
    return std::clamp<std::int64_t>(std::llround(borderShare * objectWidth), 1, thickestBorder);
}

void chooseClasses(const Fingerprint& fingerprint, const Medians& m, int dims, const std::string& wanted, Plan& plan) {
    if (wanted != "auto" && wanted != "boundary" && wanted != "foreground")
        notOffered("classes", wanted, "auto, boundary, foreground");
    plan.boundary = wanted != "foreground";
    const bool cubic = dims == 3 && m.spacing.z < 1.5 * std::min(m.spacing.y, m.spacing.x);
    const std::int64_t thickness = borderThickness(fingerprint.objectWidth);
    plan.borderRadius = {cubic ? thickness : 0, thickness, thickness};
    Text reason;
    if (wanted != "auto")
        reason = FOVEA_TR("You chose it.");
    else if (fingerprint.touchingShare > 0)
        reason = {FOVEA_TR("A border class keeps touching objects apart ({share} % of their outline touches another)."),
                  {{"share", number(100 * fingerprint.touchingShare)}}};
    else
        reason = FOVEA_TR("A border class keeps touching objects apart.");
    plan.choices.push_back({"classes", plan.boundary ? "interior and border" : "foreground", reason});
}

void chooseNormalisation(const Fingerprint& fingerprint, const std::string& wanted, Plan& plan) {
    const ChannelScheme scheme = wanted == "auto" ? ChannelScheme::ZScore : channelSchemeByName(wanted);
    plan.schemes.assign(fingerprint.foreground.size(), scheme);
    plan.foreground = fingerprint.foreground;
    for (const CasePrint& one : fingerprint.cases) {
        CaseNorm norm{one.id, {}};
        for (std::size_t c = 0; c < one.whole.size(); ++c)
            norm.channels.push_back(channelNorm(scheme, one.whole[c], fingerprint.foreground[c]));
        plan.norms.push_back(std::move(norm));
    }
    plan.choices.push_back({"normalisation", name(scheme),
                            wanted == "auto"
                                ? FOVEA_TR("Every image gets mean 0 and deviation 1, so that staining and exposure "
                                           "matter less.")
                                : FOVEA_TR("You chose it.")});
}

}  // namespace

Index Plan::patchIndex() const {
    return dims() == 2 ? Index{1, patch[0], patch[1]} : Index{patch[0], patch[1], patch[2]};
}

Plan makePlan(const Fingerprint& fingerprint, const PlanRequest& request) {
    if (fingerprint.cases.empty() || fingerprint.foreground.empty())
        throw Error(ErrorKind::Input, FOVEA_TR("There is no image to plan for. Import one first."));
    const Medians m = mediansOf(fingerprint);
    Plan plan;
    plan.dataset = request.dataset;
    plan.medianShape = m.shape;
    plan.minutes = request.minutes;
    const int dims = chooseDimensions(m, request.dimensions, plan);
    plan.configuration = dims == 2 ? "2d" : "3d_fullres";
    chooseClasses(fingerprint, m, dims, request.classes, plan);
    const PoolPlan pool = choosePatch(m, dims, fingerprint, request, plan);
    chooseNetwork(pool, dims, request, plan);
    chooseNormalisation(fingerprint, request.normalisation, plan);
    choosePretraining(request, plan);
    return plan;
}

void fitToMinutes(Plan& plan, double secondsPerStep, double reserve) {
    plan.secondsPerStep = secondsPerStep;
    const double wanted = double(plan.iterations + plan.pretrainIterations);
    const double steps = plan.minutes * 60 * (1 - reserve) / std::max(secondsPerStep, 1e-6);
    if (steps >= wanted) {
        plan.choices.push_back({"iterations",
                                std::to_string(plan.iterations),
                                {FOVEA_TR("{time} at {step} s a step, within the {minutes} min allowed."),
                                 {{"time", durationText(wanted * secondsPerStep)},
                                  {"step", number(secondsPerStep)},
                                  {"minutes", number(plan.minutes)}}}});
        return;
    }
    const double share = steps / wanted;
    plan.iterations = std::max<std::int64_t>(20, std::int64_t(double(plan.iterations) * share));
    plan.pretrainIterations = std::int64_t(double(plan.pretrainIterations) * share);
    for (Choice& choice : plan.choices)
        if (choice.what == "pre-training") choice.value = std::to_string(plan.pretrainIterations);
    plan.choices.push_back(
        {"iterations",
         std::to_string(plan.iterations),
         {FOVEA_TR("Cut to fit {minutes} min at {step} s a step. Allow more minutes for a better model."),
          {{"minutes", number(plan.minutes)}, {"step", number(secondsPerStep)}}}});
}

}  // namespace fovea::plan
