#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "nn/vit.h"
#include "nn/weights.h"

namespace fovea::nn {

// Grey values that become 0 and 1 at the network's entrance (percentiles of the data set); the same in training and
// extraction.
struct IntensityRange {
    double lower = 0, upper = 255;
};

// Masked autoencoder (He et al. 2021). The default is small enough to learn on a CPU; base() is ViT-B/16.
struct MaeConfig {
    std::int64_t imageSize = 224, patchSize = 16;
    std::int64_t width = 192, depth = 6, heads = 3;
    std::int64_t decoderWidth = 128, decoderDepth = 2, decoderHeads = 4;
    std::vector<IntensityRange> ranges{{}};  // one per image channel used (at most three)

    static MaeConfig base();
    std::int64_t grid() const { return imageSize / patchSize; }
    // Throws Error(Input): sizes that don't divide, widths no multiple of 4 or of the heads.
    void check() const;
};
nlohmann::json toJson(const MaeConfig& config);
MaeConfig maeConfigFromJson(const nlohmann::json& json);  // throws Error(Format)

struct MaeMasked {
    torch::Tensor
        latent;  // (B, 1 + kept, width) after the final norm, class token first, kept tokens in shuffled order
    torch::Tensor idsShuffle;  // (B, L) int64
    torch::Tensor idsRestore;  // (B, L) int64
    torch::Tensor mask;        // (B, L) float, 1 = removed
};

// Keys are those of the authors' repository. Images are (B, 3, S, S), normalised by maeInput().
class MaeImpl : public torch::nn::Module {
  public:
    // Weights initialised as the authors do (Xavier uniform, tokens normal 0.02).
    explicit MaeImpl(const MaeConfig& config, std::uint64_t seed = 0);

    // Loss of one step: mean square error over removed patches. `noise` (B, L) decides which patches are removed: the
    // int(L · (1 − ratio)) with the smallest noise stay. normPix: targets normalised per patch (unbiased variance).
    torch::Tensor forward(const torch::Tensor& images, const torch::Tensor& noise, double ratio = 0.75,
                          bool normPix = true);

    MaeMasked encode(const torch::Tensor& images, const torch::Tensor& noise, double ratio);
    torch::Tensor decode(const torch::Tensor& latent, const torch::Tensor& idsRestore);  // (B, L, p·p·3)
    torch::Tensor loss(const torch::Tensor& images, const torch::Tensor& prediction, const torch::Tensor& mask,
                       bool normPix);
    // (B, L, p·p·3), inside a patch row, column, channel.
    torch::Tensor patchify(const torch::Tensor& images) const;
    // Projected patches before positions (B, L, width).
    torch::Tensor embed(const torch::Tensor& images);

    // Nothing masked, row-major order, class token first: (B, 1 + L, width). Other image sizes (multiples of the patch)
    // work.
    torch::Tensor tokens(const torch::Tensor& images);
    // Mean of the patch tokens, (B, width).
    torch::Tensor features(const torch::Tensor& images);

    const MaeConfig& config() const { return config_; }

  private:
    void initialise(std::uint64_t seed);

    MaeConfig config_;
    torch::Tensor clsToken_, maskToken_, posEmbed_, decoderPosEmbed_;
    torch::nn::Conv2d proj_{nullptr};  // patch_embed.proj
    std::vector<VitBlock> blocks_, decoderBlocks_;
    torch::nn::LayerNorm norm_{nullptr}, decoderNorm_{nullptr};
    Linear decoderEmbed_{nullptr}, decoderPred_{nullptr};
};
TORCH_MODULE(Mae);

// Raw grey values (B, channels, H, W) float → (B, 3, size, size): scaled by config.ranges, clamped to 0…1, resized with
// antialiasing when H or W differs from `size` (0 = leave as it is), one channel repeated three times, ImageNet mean
// and deviation.
torch::Tensor maeInput(const torch::Tensor& grey, const MaeConfig& config, std::int64_t size);

// Weights with the configuration in the header.
void saveMae(const std::filesystem::path& path, const MaeImpl& mae, std::map<std::string, std::string> about = {});
Mae loadMae(const std::filesystem::path& path);

}  // namespace fovea::nn
