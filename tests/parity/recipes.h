#pragma once
#include <cstdint>
#include <vector>

#include "parity/golden_case.h"

// Inputs made from a few numbers, exactly as the README of the query fixtures defines them.
namespace fovea::parity {

std::uint64_t bits(std::uint64_t key, std::uint64_t i);
double u(std::uint64_t key, std::uint64_t i);    // [−1, 1)
double e01(std::uint64_t key, std::uint64_t i);  // (0, 1)

// A float32 matrix of shape [count, dim]: recipe `cluster_features` or `axis_features`, nested lists, or a tensor
// reference. Throws Error(Format) for another recipe, naming it.
tensorfile::Tensor featureMatrix(const GoldenCase& golden, const json& input);

// {"shape", "sum" (in double), "first", "third" (element n div 3), "last"} of an array.
json inputCheck(const tensorfile::Tensor& tensor);

}  // namespace fovea::parity
