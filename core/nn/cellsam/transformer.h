#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/cellsam/row_column_attention.h"
#include "nn/linear.h"
#include "nn/sam/layers.h"
#include "nn/steps.h"

namespace fovea::nn::cellsam {

struct TransformerConfig {
    std::int64_t width = 256, heads = 8;
    std::int64_t encoderLayers = 6, decoderLayers = 6, hidden = 1024;
    std::int64_t queries = 3500, patterns = 1, classes = 2;
    // Throws Error(Input): widths that the heads or the sine codes don't divide, empty parts, absurd sizes.
    void check() const;
};

// What a detector found: for each query class logits (B, N, classes) and a box (B, N, 4) as centre x, centre y, width,
// height in shares of the picture.
struct Detections {
    torch::Tensor logits, boxes;
};

// Two linear layers with ReLU between, added to what went in, post-norm. Keys: linear1.*, linear2.*, norm2.*
class FeedForwardImpl : public torch::nn::Module {
  public:
    FeedForwardImpl(std::int64_t width, std::int64_t hidden);
    torch::Tensor forward(const torch::Tensor& x);

  private:
    Linear linear1_{nullptr}, linear2_{nullptr};
    torch::nn::LayerNorm norm2_{nullptr};
};
TORCH_MODULE(FeedForward);

// Ordinary multi-head attention with torch's names. Keys: in_proj_weight (3 · width, width), in_proj_bias, out_proj.*
class SelfAttentionImpl : public torch::nn::Module {
  public:
    SelfAttentionImpl(std::int64_t width, std::int64_t heads);
    // Query = key `x`, (B, N, width).
    torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& value);

  private:
    std::int64_t width_, heads_;
    torch::Tensor weight_, bias_;
    Linear out_{nullptr};
};
TORCH_MODULE(SelfAttention);

// Keys: self_attn.*, norm1.*, ffn.*
class EncoderLayerImpl : public torch::nn::Module {
  public:
    explicit EncoderLayerImpl(const TransformerConfig& config);
    // Map (B, H, W, width); codes of columns (W, width) and rows (H, width).
    torch::Tensor forward(const torch::Tensor& map, const torch::Tensor& columnCode, const torch::Tensor& rowCode);

  private:
    RowColumnAttention selfAttn_{nullptr};
    torch::nn::LayerNorm norm1_{nullptr};
    FeedForward ffn_{nullptr};
};
TORCH_MODULE(EncoderLayer);

// Where the queries look: codes of their reference points, (B, N, width).
struct QueryCodes {
    torch::Tensor both, column, row;
};

// Keys: cross_attn.*, self_attn.*, norm1.*, norm2.*, ffn.*
class DecoderLayerImpl : public torch::nn::Module {
  public:
    explicit DecoderLayerImpl(const TransformerConfig& config);
    // Target (B, N, width); the map with and without the codes of columns and rows, (B, H, W, width).
    torch::Tensor forward(const torch::Tensor& target, const QueryCodes& codes, const torch::Tensor& map,
                          const torch::Tensor& mapColumns, const torch::Tensor& mapRows);

  private:
    RowColumnAttention crossAttn_{nullptr};
    SelfAttention selfAttn_{nullptr};
    torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
    FeedForward ffn_{nullptr};
};
TORCH_MODULE(DecoderLayer);

// Anchor-DETR's transformer as CellSAM uses it (spec models.md 4.3): learned reference points, the same in every layer,
// no refinement, one feature level, no dropout. Keys: those below `transformer.` of the authors' checkpoint; the heads
// are one module each under one name per decoder layer.
class TransformerImpl : public torch::nn::Module {
  public:
    explicit TransformerImpl(const TransformerConfig& config);
    // Map (B, width, H, W). Steps: encoder{i} as (B, width, H, W), decoder{i} as (B, N, width).
    Detections forward(const torch::Tensor& map, Steps* steps = nullptr);

    const TransformerConfig& config() const { return config_; }

  private:
    TransformerConfig config_;
    torch::nn::Embedding pattern_{nullptr}, position_{nullptr};
    Linear adapt1dIn_{nullptr}, adapt1dOut_{nullptr}, adapt2dIn_{nullptr}, adapt2dOut_{nullptr};
    std::vector<EncoderLayer> encoder_;
    std::vector<DecoderLayer> decoder_;
    Linear classHead_{nullptr};
    sam::Perceptron boxHead_{nullptr};

    torch::Tensor adapted1d(const torch::Tensor& positions);
    torch::Tensor adapted2d(const torch::Tensor& points);
};
TORCH_MODULE(Transformer);

// Candidates in descending order of their scores.
struct RankedBoxes {
    torch::Tensor scores;   // (B, N) sigmoid of the logits
    torch::Tensor classes;  // (B, N) int64
    torch::Tensor boxes;    // (B, N, 4) x0, y0, x1, y1 in a frame of `side` pixels
};
// The N best of the N · classes numbers: one query can appear once for each class.
RankedBoxes rankBoxes(const Detections& detections, double side);

}  // namespace fovea::nn::cellsam
