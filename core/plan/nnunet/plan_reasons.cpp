#include "plan/nnunet/plan_reasons.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace fovea::plan::nnunet {

namespace {

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

template <class Values>
std::string joined(const Values& values) {
    std::string text;
    for (const auto value : values) text += (text.empty() ? "" : " × ") + number(double(value));
    return text;
}

// Of an image at the configuration's spacing.
double shareSeen(const PlannedConfiguration& one) {
    double share = 1;
    for (std::size_t axis = 0; axis < one.median.size(); ++axis)
        share *= std::min(1.0, double(one.patch.pool.patch[axis]) / one.median[axis]);
    return share;
}

double gigabytes(const ExperimentPlan& plan, const PlannerRequest& request) {
    return request.gpuGigabytes.value_or(plan.planner.gigabytes);
}

Choice memory(const ExperimentPlan& plan, const PlannerRequest& request) {
    const std::string value = number(gigabytes(plan, request)) + " GB";
    if (request.gpuGigabytes) return {"GPU memory", value, FOVEA_TR("You chose it.")};
    return {"GPU memory", value, {FOVEA_TR("What {planner} plans for."), {{"planner", plan.planner.name}}}};
}

Choice axes(const ExperimentPlan& plan, const PlannerRequest& request) {
    Choice choice{"axes", joined(plan.transposeForward), FOVEA_TR("The coarsest axis is the first one already.")};
    if (plan.transposeForward.front() != 0)
        choice.reason = FOVEA_TR("The coarsest axis is made the first one, so that 2D networks see the finer two.");
    else if (request.keepAxes)
        choice.reason = FOVEA_TR("You chose to leave the axes as they are stored.");
    return choice;
}

Choice normalisation(const ExperimentPlan& plan, std::size_t channel) {
    const std::string& name = plan.normalisations[channel];
    Choice choice{"normalisation of channel " + std::to_string(channel), name,
                  FOVEA_TR("Every image gets mean 0 and deviation 1, so that staining and exposure matter less.")};
    if (plan.masked[channel])
        choice.reason = FOVEA_TR(
            "Every image gets mean 0 and deviation 1 where it is not empty: more than a quarter of "
            "the images is.");
    else if (name != "ZScoreNormalization")
        choice.reason = FOVEA_TR("The channel's name in dataset.json asks for it.");
    return choice;
}

Choice spacing(const PlannedConfiguration& one, const ExperimentPlan& plan, const PlannerRequest& request) {
    Choice choice{one.name + " spacing", joined(one.spacing), FOVEA_TR("The median of your images.")};
    const std::size_t skipped = plan.medianSpacing.size() - one.spacing.size();
    if (one.name == "3d_lowres")
        choice.reason = FOVEA_TR("Made coarser until the patch sees a quarter of an image.");
    else if (request.targetSpacing)
        choice.reason = FOVEA_TR("You chose it.");
    else if (!std::equal(one.spacing.begin(), one.spacing.end(), plan.medianSpacing.begin() + std::ptrdiff_t(skipped)))
        choice.reason = FOVEA_TR(
            "The median of your images, but along the coarse axis as fine as the finest tenth of "
            "them.");
    return choice;
}

Choice patch(const PlannedConfiguration& one, double memory) {
    Choice choice{one.name + " patch", joined(one.patch.pool.patch),
                  FOVEA_TR("It holds a whole image of median size.")};
    if (const double share = shareSeen(one); share < 1)
        choice.reason = {
            FOVEA_TR("As much as a network of its depth can look at with {memory} GB: {share} % of an image "
                     "of {median} voxels."),
            {{"memory", number(memory)}, {"share", number(100 * share)}, {"median", joined(one.median)}}};
    return choice;
}

Choice batch(const PlannedConfiguration& one, const ExperimentPlan& plan, double memory) {
    const NetworkBudget budget = plan.planner.budget(int(one.spacing.size()), memory);
    const double fits = std::nearbyint(budget.reference / one.patch.estimate * budget.referenceBatch);
    Choice choice{
        one.name + " batch",
        std::to_string(one.patch.batch),
        {FOVEA_TR("As many patches as fit into {memory} GB beside each other."), {{"memory", number(memory)}}}};
    if (one.patch.batch == 2)
        choice.reason = FOVEA_TR("The least that nnU-Net trains with: memory goes into a larger patch first.");
    else if (double(one.patch.batch) < fits)
        choice.reason = {FOVEA_TR("{n} would fit, but a batch is to hold no more than {share} % of all voxels."),
                         {{"n", number(fits)}, {"share", number(100 * plan.planner.datasetShare)}}};
    return choice;
}

Choice cascade(const ExperimentPlan& plan, const PlannedConfiguration& full) {
    const std::string share = number(100 * shareSeen(full));
    if (plan.find("3d_lowres"))
        return {"cascade",
                "yes",
                {FOVEA_TR(
                     "At full resolution the patch sees {share} % of an image, less than a quarter: a network of lower "
                     "resolution looks first, and what it finds helps the next."),
                 {{"share", share}}}};
    return {
        "cascade",
        "no",
        {FOVEA_TR("At full resolution the patch sees {share} % of an image; a lower one would show too little more."),
         {{"share", share}}}};
}

}  // namespace

std::vector<Choice> planReasons(const ExperimentPlan& plan, const PlannerRequest& request) {
    std::vector<Choice> choices{memory(plan, request), axes(plan, request)};
    for (std::size_t channel = 0; channel < plan.normalisations.size(); ++channel)
        choices.push_back(normalisation(plan, channel));
    const double size = gigabytes(plan, request);
    for (const PlannedConfiguration& one : plan.configurations) {
        choices.push_back(spacing(one, plan, request));
        choices.push_back(patch(one, size));
        choices.push_back(batch(one, plan, size));
    }
    if (const PlannedConfiguration* full = plan.find("3d_fullres")) choices.push_back(cascade(plan, *full));
    return choices;
}

}  // namespace fovea::plan::nnunet
