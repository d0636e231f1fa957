#include "parity/kinds.h"

namespace fovea::parity {

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = [] {
        std::vector<Kind> list = {
            {"coreset", coreset},
            {"connected_components", connectedComponents},
            {"instance_matching", instanceMatching},

            {"container", nullptr, container},
            {"network", nullptr, network},
            {"state_dict", nullptr, stateDict},
            {"init", nullptr, freshWeights},
            {"checkpoint", nullptr, checkpoint},
            {"resume_step", nullptr, resumeStep},
        };
        for (const auto& family : {planKinds(), preprocessKinds(), trainKinds(), augmentKinds(), inferKinds(),
                                   predictKinds(), samKinds(), adapterKinds(), samFullKinds(), samPixelKinds(),
                                   tinyVitKinds(), unetrKinds(), maeKinds(), cellSamKinds()})
            list.insert(list.end(), family.begin(), family.end());
        return list;
    }();
    return all;
}

}  // namespace fovea::parity
