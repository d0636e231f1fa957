#include "bench/benches.h"

namespace fovea::bench {

const std::vector<Bench>& benches() {
    static const std::vector<Bench> all = {coreset(),  instances(), labels(),  mae(),
                                           microsam(), nnunet(),    prompts(), sam()};
    return all;
}

}  // namespace fovea::bench
