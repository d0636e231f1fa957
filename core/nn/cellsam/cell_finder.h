#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include "nn/cellsam/transformer.h"
#include "nn/sam/image_encoder.h"
#include "nn/steps.h"

namespace fovea::nn::cellsam {

struct CellFinderConfig {
    sam::VitConfig backbone;  // outChannels is not used: the map is taken before the neck
    TransformerConfig transformer;
};

// CellSAM's detector (Israel et al. 2023; vanvalenlab/cellSAM): SAM's image encoder without its neck, and Anchor-DETR's
// transformer on its map. Keys: those below `cellfinder.decode_head.` of the authors' checkpoint: backbone.body,
// input_proj.0.{0,1}, transformer.
class CellFinderImpl : public torch::nn::Module {
  public:
    explicit CellFinderImpl(const CellFinderConfig& config);
    // Pictures (B, 3, S, S) as infer::cellSamInput() makes them. Steps: backbone (B, width, grid, grid), projected, and
    // the transformer's.
    Detections forward(const torch::Tensor& picture, Steps* steps = nullptr);

    const CellFinderConfig& config() const { return config_; }

  private:
    CellFinderConfig config_;
    sam::VitEncoder body_{nullptr};
    torch::nn::Conv2d projection_{nullptr};
    torch::nn::GroupNorm norm_{nullptr};
    Transformer transformer_{nullptr};
};
TORCH_MODULE(CellFinder);

}  // namespace fovea::nn::cellsam
