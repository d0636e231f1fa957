#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace fovea::nn {

// Intermediate results by name, filled by a network's forward() that is given one.
using Steps = std::map<std::string, at::Tensor>;

inline void keep(Steps* steps, const std::string& name, const at::Tensor& tensor) {
    if (steps != nullptr) steps->insert_or_assign(name, tensor);
}

}  // namespace fovea::nn
