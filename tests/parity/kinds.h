#pragma once
#include <string>
#include <vector>

#include "parity/compare.h"
#include "parity/golden_case.h"

namespace fovea::parity {

// Computes what the outputs of a case of this kind should be. Throws Error (and nothing else) when it cannot.
struct Kind {
    const char* name;
    Values (*run)(const GoldenCase& golden);
    // Instead of `run`, where the outputs of a case are not in the words of compare(): the whole verdict.
    Verdict (*judge)(const GoldenCase& golden) = nullptr;
    // Tolerances by output, where the manifest has them in words or under other names; they come before its own.
    json (*rules)(const GoldenCase& golden) = nullptr;
};

// All kinds this build knows, by family.
const std::vector<Kind>& kinds();

// kinds_query.cpp
Values coreset(const GoldenCase& golden);
// kinds_measure.cpp
Values connectedComponents(const GoldenCase& golden);
Values instanceMatching(const GoldenCase& golden);

// kinds_train.cpp
std::vector<Kind> trainKinds();
// kinds_augment.cpp
std::vector<Kind> augmentKinds();
// kinds_infer.cpp
std::vector<Kind> inferKinds();
// kinds_predict.cpp
std::vector<Kind> predictKinds();

// kinds_sam.cpp
std::vector<Kind> samKinds();
// kinds_adapters.cpp
std::vector<Kind> adapterKinds();
// kinds_sam_full.cpp
std::vector<Kind> samFullKinds();
// kinds_sam_pixels.cpp
std::vector<Kind> samPixelKinds();
// kinds_tiny_vit.cpp
std::vector<Kind> tinyVitKinds();
// kinds_unetr.cpp
std::vector<Kind> unetrKinds();

// kinds_plan.cpp
std::vector<Kind> planKinds();
// kinds_preprocess.cpp
std::vector<Kind> preprocessKinds();

// kinds_containers.cpp
Verdict container(const GoldenCase& golden);
// kinds_network.cpp
Verdict network(const GoldenCase& golden);
Verdict stateDict(const GoldenCase& golden);
Verdict freshWeights(const GoldenCase& golden);
// kinds_checkpoint.cpp
Verdict checkpoint(const GoldenCase& golden);
Verdict resumeStep(const GoldenCase& golden);

// kinds_mae.cpp
std::vector<Kind> maeKinds();
// kinds_cellsam.cpp
std::vector<Kind> cellSamKinds();

}  // namespace fovea::parity
