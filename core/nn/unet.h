#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nn/blocks.h"
#include "nn/encoder.h"
#include "nn/topology.h"
#include "nn/weights.h"

namespace fovea::nn {

// nnU-Net's PlainConvUNet and ResidualEncoderUNet with their state-dict keys (dynamic_network_architectures; spec
// nnunet.md 3.2, 3.3 and 3.6): one of two encoders, and the decoder that both share. All segmentation heads exist
// always; forward() runs the full-resolution one alone.
class UNetImpl : public torch::nn::Module {
  public:
    // Throws Error(Input) when the topology is not possible. Weights are He-initialised from the seed.
    explicit UNetImpl(const Topology& topology, std::uint64_t seed = 0);

    // x: (B, in, [Z,] Y, X), sizes multiples of topology().divisor(). Logits (B, out, [Z,] Y, X).
    torch::Tensor forward(const torch::Tensor& x);
    // Logits of all heads, full resolution first (stages − 1 tensors), for deep supervision.
    std::vector<torch::Tensor> heads(const torch::Tensor& x);
    // What the encoder sees, as one vector per image (B, 2 · Σ features): mean and standard deviation over space of
    // each stage's first convolution before its norm (after it every image has the same mean and deviation). float32.
    torch::Tensor describe(const torch::Tensor& x);

    const Topology& topology() const { return topology_; }

  private:
    void checkInput(const torch::Tensor& x) const;

    Topology topology_;
    std::shared_ptr<Encoder> encoder_;
    std::vector<UpConv> up_;  // decoder: lowest resolution first
    std::vector<ConvStack> decoder_;
    std::vector<Conv> heads_;
};
TORCH_MODULE(UNet);

// Names of the parameters in the order of the official optimiser state.
std::vector<std::string> optimizerOrder(const UNetImpl& unet);

// Weights with the topology in the header, so that loadUNet() needs the file alone.
void saveUNet(const std::filesystem::path& path, const UNetImpl& unet, std::map<std::string, std::string> about = {});
UNet loadUNet(const std::filesystem::path& path);

}  // namespace fovea::nn
