#include "nn/sam/state_shapes.h"

#include "base/error.h"

namespace fovea::nn::sam {

StateShapes::StateShapes(const State& state, std::string source, std::string what)
    : source_(std::move(source)), what_(std::move(what)) {
    for (const auto& [name, tensor] : state) shapes_[name] = tensor.sizes().vec();
}

std::int64_t StateShapes::size(const std::string& name, std::size_t axis) const {
    const auto found = shapes_.find(name);
    if (found == shapes_.end()) refuse("the tensor " + name + " is missing");
    if (axis >= found->second.size()) refuse("the tensor " + name + " has another shape");
    return found->second[axis];
}

std::int64_t StateShapes::count(const std::string& prefix) const {
    std::int64_t i = 0;
    for (;; ++i) {
        const std::string begin = prefix + std::to_string(i) + ".";
        const auto found = shapes_.lower_bound(begin);
        if (found == shapes_.end() || !found->first.starts_with(begin)) return i;
    }
}

void StateShapes::refuse(const std::string& why) const {
    throw Error(ErrorKind::Format,
                Text(FOVEA_TR("{path} does not hold {what}: {why}. Choose the file that belongs to this role."),
                     {{"path", source_}, {"what", what_}, {"why", why}}));
}

}  // namespace fovea::nn::sam
