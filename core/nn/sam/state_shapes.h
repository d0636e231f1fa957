#pragma once
#include <map>
#include <string>
#include <vector>

#include "nn/weights.h"

namespace fovea::nn::sam {

// Names and shapes of a checkpoint's tensors, to tell a network's sizes from. `what` names the network in errors: "an
// image encoder of the SAM family".
class StateShapes {
  public:
    StateShapes(const State& state, std::string source, std::string what);

    bool has(const std::string& name) const { return shapes_.contains(name); }
    // The extent of one axis of a tensor. Throws Error(Format) naming tensor and source when it or the axis is not
    // there.
    std::int64_t size(const std::string& name, std::size_t axis) const;
    // How many consecutive i from 0 there are with tensors "<prefix><i>.…".
    std::int64_t count(const std::string& prefix) const;

    [[noreturn]] void refuse(const std::string& why) const;

  private:
    std::map<std::string, std::vector<std::int64_t>> shapes_;
    std::string source_, what_;
};

}  // namespace fovea::nn::sam
