#include "bench/benches.h"

namespace fovea::bench {

Bench nnunet() {
    Bench bench{"nnunet", {}};
    for (auto part : {trainCases, augmentCases, predictCases, preprocessCases})
        for (const Case& one : part()) bench.cases.push_back(one);
    return bench;
}

}  // namespace fovea::bench
