#include "parity/kinds.h"

namespace fovea::parity {

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"coreset", coreset},
        {"connected_components", connectedComponents},
        {"instance_matching", instanceMatching},

        {"container", nullptr, container},
    };
    return all;
}

}  // namespace fovea::parity
