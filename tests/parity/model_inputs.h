#pragma once
#include "parity/golden_case.h"

// Inputs of the model fixtures, made from a few numbers as the README beside them ("Inputs") says.
namespace fovea::parity {

// Kinds u (float32), u8 and scene8 (8-bit), values, tensor, unit (float32). Throws Error(Format) for another, naming
// it.
tensorfile::Tensor modelArray(const GoldenCase& golden, const json& descriptor);

}  // namespace fovea::parity
