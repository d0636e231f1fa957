#include "bench/benches.h"

namespace fovea::bench {

Bench nnunet() {
    std::vector<Case> cases = preprocessCases();
    for (Case& one : augmentCases()) cases.push_back(std::move(one));
    return {"nnunet", std::move(cases)};
}

}  // namespace fovea::bench
