#include "nn/plain_encoder.h"

#include <torch/nn/modules/container/modulelist.h>

namespace fovea::nn {

PlainEncoder::PlainEncoder(const Topology& t) {
    torch::nn::ModuleList stages;  // nnU-Net wraps each stage in a sequential container: stages.{i}.0
    for (std::size_t i = 0; i < t.stages(); ++i) {
        stages_.push_back(ConvStack(t.encoderConvs[i], i == 0 ? t.inChannels : t.features[i - 1], t.features[i],
                                    t.kernels[i], t.strides[i]));
        torch::nn::ModuleList stage;
        stage->push_back(stages_.back().ptr());
        stages->push_back(stage.ptr());
    }
    register_module("stages", stages);
}

std::vector<torch::Tensor> PlainEncoder::forward(const torch::Tensor& x, std::vector<torch::Tensor>* raw) {
    std::vector<torch::Tensor> outputs;
    for (ConvStack& stage : stages_) {
        torch::Tensor first;
        outputs.push_back(stage(outputs.empty() ? x : outputs.back(), raw != nullptr ? &first : nullptr));
        if (raw != nullptr) raw->push_back(first);
    }
    return outputs;
}

}  // namespace fovea::nn
