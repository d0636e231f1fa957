#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nn/blocks.h"
#include "nn/topology.h"
#include "nn/weights.h"

namespace fovea::nn {

// nnU-Net's PlainConvUNet with its state-dict keys (dynamic_network_architectures; spec section 3.2 and 3.6).
// All segmentation heads exist always; forward() runs the full-resolution one alone.
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
    std::vector<torch::Tensor> encode(const torch::Tensor& x);
    void checkInput(const torch::Tensor& x) const;

    Topology topology_;
    std::vector<ConvStack> encoder_;  // per stage
    std::vector<UpConv> up_;          // decoder: lowest resolution first
    std::vector<ConvStack> decoder_;
    std::vector<Conv> heads_;
};
TORCH_MODULE(UNet);

// State with every key the official checkpoint has, in its order: blocks twice (".all_modules."), the encoder again
// under "decoder.encoder.". Duplicates share storage.
State officialState(const UNetImpl& unet);
// Names of the parameters in the order of the official optimiser state.
std::vector<std::string> optimizerOrder(const UNetImpl& unet);

// Weights with the topology in the header, so that loadUNet() needs the file alone.
void saveUNet(const std::filesystem::path& path, const UNetImpl& unet, std::map<std::string, std::string> about = {});
UNet loadUNet(const std::filesystem::path& path);

}  // namespace fovea::nn
