#include "parity/kinds.h"

namespace fovea::parity {

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = [] {
        std::vector<Kind> list = {
            {"coreset", coreset},
            {"connected_components", connectedComponents},
            {"instance_matching", instanceMatching},

            {"plans", nullptr, plans},
            {"plans_file", nullptr, plansFile},
            {"plans_resolve", plansResolve},
            {"plans_resolve_old", plansResolveOld},
            {"fingerprint", nullptr, fingerprint},
            {"splits", splits},
            {"split_8020", split8020},
            {"random_stream", randomStream},
            {"labels", labels},
            {"one_hot", nullptr, oneHotMasks},

            {"container", nullptr, container},
            {"network", nullptr, network},
            {"state_dict", nullptr, stateDict},
            {"init", nullptr, freshWeights},
            {"checkpoint", nullptr, checkpoint},
            {"resume_step", nullptr, resumeStep},
        };
        for (const auto& family : {trainKinds(), augmentKinds(), inferKinds()})
            list.insert(list.end(), family.begin(), family.end());
        return list;
    }();
    return all;
}

}  // namespace fovea::parity
