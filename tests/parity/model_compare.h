#pragma once
#include "parity/compare.h"

// Cases of the model fixtures: `tensors` tells how each output is compared, `outputs` where it is stored.
namespace fovea::parity {

bool isModelCase(const GoldenCase& golden);

// Every expected tensor beside what was computed, by the rules of the README ("Manifest"): rel, exact, fraction,
// mostly, partition; tensors stored as samples are compared there, and in their mean and mean absolute value. What is
// expected and was not computed fails.
Verdict compareModel(const GoldenCase& golden, const Values& computed);

}  // namespace fovea::parity
