#include "parity/kinds.h"

namespace fovea::parity {

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = [] {
        std::vector<Kind> list = {
            {"coreset", coreset},
            {"connected_components", connectedComponents},
            {"instance_matching", instanceMatching},
        };
        for (const auto& family : {planKinds(), preprocessKinds()})
            list.insert(list.end(), family.begin(), family.end());
        return list;
    }();
    return all;
}

}  // namespace fovea::parity
