#pragma once
#include "bench/bench.h"

namespace fovea::bench {

Bench coreset();  // bench_coreset.cpp
Bench labels();   // bench_labels.cpp

}  // namespace fovea::bench
