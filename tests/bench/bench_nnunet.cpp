#include "bench/benches.h"

namespace fovea::bench {

Bench nnunet() {
    Bench bench{"nnunet", {}};
    for (auto part : {trainCases, augmentCases, predictCases, preprocessCases})
        for (Case& one : part()) bench.cases.push_back(std::move(one));
    return bench;
}

}  // namespace fovea::bench
