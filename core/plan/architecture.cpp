#include "plan/architecture.h"

namespace fovea::plan {

NetworkShape networkOf(const PoolPlan& pool, const Sizes& features, bool residual) {
    NetworkShape network{residual ? residualUNet : plainUNet, features, pool.kernels, pool.strides, {}, {}};
    network.encoder = residual ? residualBlocks(pool.stages()) : Sizes(pool.stages(), 2);
    network.decoder = Sizes(pool.stages() - 1, residual ? 1 : 2);
    return network;
}

nlohmann::ordered_json architectureJson(const NetworkShape& network) {
    const std::string d = network.kernels.front().size() == 2 ? "2d" : "3d";
    const nlohmann::ordered_json arguments = {
        {"n_stages", network.kernels.size()},
        {"features_per_stage", network.features},
        {"conv_op", "torch.nn.modules.conv.Conv" + d},
        {"kernel_sizes", network.kernels},
        {"strides", network.strides},
        {network.residual() ? "n_blocks_per_stage" : "n_conv_per_stage", network.encoder},
        {"n_conv_per_stage_decoder", network.decoder},
        {"conv_bias", true},
        {"norm_op", "torch.nn.modules.instancenorm.InstanceNorm" + d},
        {"norm_op_kwargs", {{"eps", 1e-5}, {"affine", true}}},
        {"dropout_op", nullptr},
        {"dropout_op_kwargs", nullptr},
        {"nonlin", "torch.nn.LeakyReLU"},
        {"nonlin_kwargs", {{"inplace", true}}}};
    return {{"network_class_name", network.className},
            {"arch_kwargs", arguments},
            {"_kw_requires_import", {"conv_op", "norm_op", "dropout_op", "nonlin"}}};
}

}  // namespace fovea::plan
