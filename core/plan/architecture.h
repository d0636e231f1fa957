#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan/topology.h"

namespace fovea::plan {

// nnU-Net's names of the two networks, as the `network_class_name` of new plans.
inline constexpr const char* plainUNet = "dynamic_network_architectures.architectures.unet.PlainConvUNet";
inline constexpr const char* residualUNet = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet";

struct NetworkShape {
    std::string className;  // plainUNet or residualUNet
    Sizes features;         // per stage
    std::vector<Sizes> kernels, strides;
    Sizes encoder;  // convolutions (plain) or blocks (residual) per stage
    Sizes decoder;  // convolutions per stage, one stage fewer

    // By the last component: old plans name a module that no longer exists.
    bool residual() const { return className.ends_with(".ResidualEncoderUNet"); }
};

NetworkShape networkOf(const PoolPlan& pool, const Sizes& features, bool residual);

// The "architecture" entry of a plan (spec nnunet.md section 2.12), keys in nnU-Net's order.
nlohmann::ordered_json architectureJson(const NetworkShape& network);

}  // namespace fovea::plan
