#pragma once
#include <filesystem>

#include "nn/mae.h"

namespace fovea::nn {

// A checkpoint of the MAE authors (facebookresearch/mae): "pretrain" files hold the encoder alone, those of a training
// run the decoder, too.
class OfficialMae {
  public:
    // Throws Error(Missing | Format | Unsupported) naming the file.
    explicit OfficialMae(const std::filesystem::path& path);

    // Read off the shapes: sizes of picture and patch, widths, depths, heads by the authors' rules (64 wide, 80 in the
    // huge model; 32 in the decoder). Without a decoder in the file the authors' own: 8 blocks of 512. The intensity
    // ranges are left as they are by default.
    const MaeConfig& config() const { return config_; }
    // Copies the weights into a network of these sizes; a decoder that the file lacks and position codes that it lacks
    // stay as they are. Throws Error(Format) when anything else is missing, too much or of another shape.
    void load(MaeImpl& mae) const;

  private:
    std::filesystem::path path_;
    State state_;
    MaeConfig config_;
};

}  // namespace fovea::nn
