#pragma once
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <string_view>

namespace fovea::nn {

// x·weightᵀ (+ bias), quicker than at::linear where it only computes: in float32 on the processor ATen multiplies with
// MKL, which on AMD's processors reaches less than oneDNN, down to half. So without gradients oneDNN is asked. Which of
// them is a rule and not a race, so that the same input gives the same bits in every run.
torch::Tensor affine(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias = {});
// Exact GELU of that, without a pass of its own over memory.
torch::Tensor affineGelu(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias);

// x (B, n, in) times weights (B, out, in), each with its own: (B, n, out).
torch::Tensor affineEach(const torch::Tensor& x, const torch::Tensor& weights);
// The same numbers in the type in which autocast multiplies, if it is on: for what several products read.
torch::Tensor forProducts(const torch::Tensor& x);

// torch's linear layer by the functions above.
class LinearImpl : public torch::nn::LinearImpl {
  public:
    using torch::nn::LinearImpl::LinearImpl;
    torch::Tensor forward(const torch::Tensor& x);
    torch::Tensor gelu(const torch::Tensor& x);

    // On a processor with oneDNN: lays the weights out once, as that wants them for products in `type` (float32,
    // bfloat16), instead of at every call. From then on the layer computes in that type, autocast or not, and `weight`
    // is empty: nothing can be learned or saved. Elsewhere: nothing.
    void pack(at::ScalarType type);

  private:
    torch::Tensor computePacked(const torch::Tensor& x, std::string_view after);

    torch::Tensor packed_;
    at::ScalarType packedType_ = at::kFloat;
};
TORCH_MODULE(Linear);

// Every Linear in a module.
void packLinears(torch::nn::Module& module, at::ScalarType type);

}  // namespace fovea::nn
