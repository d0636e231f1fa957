#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>

namespace fovea::nn {

// Intermediate results by name, filled by a network's forward() that is given one.
using Steps = std::map<std::string, at::Tensor>;

// Called between the blocks of a long forward(), when given: may throw to end it.
using Between = std::function<void()>;

inline void keep(Steps* steps, const std::string& name, const at::Tensor& tensor) {
    if (steps != nullptr) steps->insert_or_assign(name, tensor);
}

}  // namespace fovea::nn
