#pragma once
#include "bench/bench.h"

namespace fovea::bench {

Bench coreset();    // bench_coreset.cpp
Bench instances();  // bench_instances.cpp
Bench labels();     // bench_labels.cpp
Bench mae();        // bench_mae.cpp
Bench microsam();   // bench_microsam.cpp
Bench nnunet();     // bench_nnunet.cpp, of the cases below
Bench prompts();    // bench_prompts.cpp
Bench sam();        // bench_sam.cpp

std::vector<Case> trainCases();       // bench_train.cpp
std::vector<Case> augmentCases();     // bench_augment.cpp
std::vector<Case> predictCases();     // bench_predict.cpp
std::vector<Case> preprocessCases();  // bench_preprocess.cpp

}  // namespace fovea::bench
