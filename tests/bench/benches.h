#pragma once
#include "bench/bench.h"

namespace fovea::bench {

Bench coreset();        // bench_coreset.cpp
Bench instances();      // bench_instances.cpp
Bench labels();         // bench_labels.cpp
Bench preprocessing();  // bench_preprocess.cpp

}  // namespace fovea::bench
