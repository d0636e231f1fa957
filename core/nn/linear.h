#pragma once
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

namespace fovea::nn {

// x·weightᵀ (+ bias), quicker than at::linear where it only computes: in float32 on the processor ATen multiplies with
// MKL, which on AMD's processors reaches less than oneDNN, down to half. So without gradients oneDNN is asked. Which of
// them is a rule and not a race, so that the same input gives the same bits in every run.
torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias = {});
// Exact GELU of that, without a pass of its own over memory.
torch::Tensor affineGelu(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias);

// torch's linear layer by the functions above.
class LinearImpl : public torch::nn::LinearImpl {
  public:
    using torch::nn::LinearImpl::LinearImpl;
    torch::Tensor forward(const torch::Tensor& x);
    torch::Tensor gelu(const torch::Tensor& x);
};
TORCH_MODULE(Linear);

}  // namespace fovea::nn
