#include "plan/nnunet/planner_kind.h"

#include "base/error.h"

namespace fovea::plan::nnunet {

NetworkBudget PlannerKind::budget(int dims, double gpuGigabytes) const {
    const double reference = dims == 2 ? reference2d : reference3d;
    return {residual, reference * (gpuGigabytes / gigabytes), dims == 2 ? 12.0 : 2.0, dims == 2 ? 512 : 320,
            datasetShare};
}

const std::vector<PlannerKind>& plannerKinds() {
    static const std::vector<PlannerKind> kinds = {
        {"ExperimentPlanner", "nnUNetPlans", false, 560e6, 85e6, 8, 0.05},
        {"ResEncUNetPlanner", "nnUNetResEncUNetPlans", true, 680e6, 135e6, 8, 0.05},
        {"nnUNetPlannerResEncM", "nnUNetResEncUNetMPlans", true, 680e6, 135e6, 8, 1},
        {"nnUNetPlannerResEncL", "nnUNetResEncUNetLPlans", true, 2100e6, 380e6, 24, 1},
        {"nnUNetPlannerResEncXL", "nnUNetResEncUNetXLPlans", true, 3600e6, 560e6, 40, 1},
        {"nnUNetPlanner_torchres", "nnUNetPlans_torchres", false, 560e6, 85e6, 8, 0.05, Resampler::Torch},
        {"nnUNetPlannerResEncL_torchres", "nnUNetResEncUNetLPlans_torchres", true, 2100e6, 380e6, 24, 1,
         Resampler::Torch},
        {"nnUNetPlannerResEncL_torchres_sepz", "nnUNetResEncUNetLPlans_torchres_sepz", true, 2100e6, 380e6, 24, 1,
         Resampler::TorchSeparate},
        {"nnUNetPlannerResEncL_noResampling", "nnUNetResEncUNetLPlans_noResampling", true, 2100e6, 380e6, 24, 1,
         Resampler::None},
    };
    return kinds;
}

const PlannerKind& defaultPlanner() { return plannerKinds().front(); }

const PlannerKind& plannerByName(const std::string& name) {
    std::string known;
    for (const PlannerKind& kind : plannerKinds()) {
        if (kind.name == name) return kind;
        known += (known.empty() ? "" : ", ") + kind.name;
    }
    throw Error(ErrorKind::Input,
                {FOVEA_TR("There is no planner {name}. Choose one of: {known}."), {{"name", name}, {"known", known}}});
}

}  // namespace fovea::plan::nnunet
