#include "segment/pseudo_labeler.h"

#include "segment/classical.h"

namespace fovea::segment {

const std::vector<std::shared_ptr<const PseudoLabeler>>& pseudoLabelers() {
    static const std::vector<std::shared_ptr<const PseudoLabeler>> list{classicalLabeler()};
    return list;
}

}  // namespace fovea::segment
