#include "models/part_lists.h"

namespace fovea::models {

namespace {

using tensorfile::Shape;

constexpr VitSize sizes[] = {
    {"vit_b", "ViT-B", 768, 12, 12, 16}, {"vit_l", "ViT-L", 1024, 24, 16, 16}, {"vit_h", "ViT-H", 1280, 32, 16, 14}};
constexpr std::int64_t samPatch = 16, samWindow = 14, samWidth = 256;
constexpr std::int64_t maeDecoderWidth = 512, maeDecoderDepth = 8;

std::string numbered(const std::string& name, std::int64_t i, const std::string& more = "") {
    return name + "." + std::to_string(i) + more;
}

// A list being written, by kinds of layer.
class Parts {
  public:
    void tensor(const std::string& name, const Shape& shape) { list_[name] = shape; }
    // Weight and bias; a bias has as many entries as the weight has rows unless `outputs` says otherwise.
    void layer(const std::string& name, const Shape& weight, std::int64_t outputs = -1) {
        tensor(name + ".weight", weight);
        tensor(name + ".bias", {outputs < 0 ? weight[0] : outputs});
    }
    void norm(const std::string& name, std::int64_t width) { layer(name, {width}); }
    void batchNorm(const std::string& name, std::int64_t width) {
        norm(name, width);
        tensor(name + ".running_mean", {width});
        tensor(name + ".running_var", {width});
        tensor(name + ".num_batches_tracked", {});
    }
    // TinyViT's convolution without bias, with its norm.
    void normedConvolution(const std::string& name, const Shape& weight) {
        tensor(name + ".c.weight", weight);
        batchNorm(name + ".bn", weight[0]);
    }
    void add(const std::string& prefix, const PartList& parts) {
        for (const auto& [name, shape] : parts) list_[prefix + name] = shape;
    }
    PartList list() && { return std::move(list_); }

  private:
    PartList list_;
};

// A block of a plain vision transformer; `first` and `second` name the layers of its MLP.
void addBlock(Parts& parts, const std::string& name, std::int64_t width, const char* first, const char* second) {
    parts.norm(name + ".norm1", width);
    parts.norm(name + ".norm2", width);
    parts.layer(name + ".attn.qkv", {3 * width, width});
    parts.layer(name + ".attn.proj", {width, width});
    parts.layer(name + ".mlp." + first, {4 * width, width});
    parts.layer(name + ".mlp." + second, {width, 4 * width});
}

// SAM's image encoder without its neck.
PartList samTrunk(const VitSize& size, std::int64_t grid) {
    Parts parts;
    parts.tensor("pos_embed", {1, grid, grid, size.width});
    parts.layer("patch_embed.proj", {size.width, 3, samPatch, samPatch});
    for (std::int64_t i = 0; i < size.depth; ++i) {
        const std::string block = numbered("blocks", i);
        addBlock(parts, block, size.width, "lin1", "lin2");
        const bool global = (i + 1) % (size.depth / 4) == 0;
        for (const char* table : {".attn.rel_pos_h", ".attn.rel_pos_w"})
            parts.tensor(block + table, {2 * (global ? grid : samWindow) - 1, size.width / size.heads});
    }
    return std::move(parts).list();
}

void addNeck(Parts& parts, const std::string& name, std::int64_t width) {
    parts.tensor(name + ".0.weight", {samWidth, width, 1, 1});
    parts.norm(name + ".1", samWidth);
    parts.tensor(name + ".2.weight", {samWidth, samWidth, 3, 3});
    parts.norm(name + ".3", samWidth);
}

void addPromptEncoder(Parts& parts) {
    const std::string name = "prompt_encoder.";
    parts.tensor(name + "pe_layer.positional_encoding_gaussian_matrix", {2, samWidth / 2});
    for (int i = 0; i < 4; ++i) parts.tensor(numbered(name + "point_embeddings", i, ".weight"), {1, samWidth});
    for (const char* embedding : {"not_a_point_embed.weight", "no_mask_embed.weight"})
        parts.tensor(name + embedding, {1, samWidth});
    parts.layer(name + "mask_downscaling.0", {4, 1, 2, 2});
    parts.norm(name + "mask_downscaling.1", 4);
    parts.layer(name + "mask_downscaling.3", {16, 4, 2, 2});
    parts.norm(name + "mask_downscaling.4", 16);
    parts.layer(name + "mask_downscaling.6", {samWidth, 16, 1, 1});
}

void addAttention(Parts& parts, const std::string& name, std::int64_t inner) {
    for (const char* projection : {".q_proj", ".k_proj", ".v_proj"}) parts.layer(name + projection, {inner, samWidth});
    parts.layer(name + ".out_proj", {samWidth, inner});
}

// Three linear layers of SAM's width, the last with fewer outputs.
void addMlp(Parts& parts, const std::string& name, std::int64_t outputs) {
    for (int i = 0; i < 2; ++i) parts.layer(numbered(name + ".layers", i), {samWidth, samWidth});
    parts.layer(name + ".layers.2", {outputs, samWidth});
}

void addMaskDecoder(Parts& parts) {
    const std::string name = "mask_decoder.", transformer = name + "transformer.";
    constexpr std::int64_t masks = 4, mlp = 2048, inner = samWidth / 2;
    parts.tensor(name + "iou_token.weight", {1, samWidth});
    parts.tensor(name + "mask_tokens.weight", {masks, samWidth});
    for (int i = 0; i < 2; ++i) {
        const std::string layer = numbered(transformer + "layers", i);
        addAttention(parts, layer + ".self_attn", samWidth);
        addAttention(parts, layer + ".cross_attn_token_to_image", inner);
        addAttention(parts, layer + ".cross_attn_image_to_token", inner);
        for (int n = 1; n <= 4; ++n) parts.norm(layer + ".norm" + std::to_string(n), samWidth);
        parts.layer(layer + ".mlp.lin1", {mlp, samWidth});
        parts.layer(layer + ".mlp.lin2", {samWidth, mlp});
    }
    addAttention(parts, transformer + "final_attn_token_to_image", inner);
    parts.norm(transformer + "norm_final_attn", samWidth);
    parts.layer(name + "output_upscaling.0", {samWidth, samWidth / 4, 2, 2}, samWidth / 4);
    parts.norm(name + "output_upscaling.1", samWidth / 4);
    parts.layer(name + "output_upscaling.3", {samWidth / 4, samWidth / 8, 2, 2}, samWidth / 8);
    for (int i = 0; i < masks; ++i) addMlp(parts, numbered(name + "output_hypernetworks_mlps", i), samWidth / 8);
    addMlp(parts, name + "iou_prediction_head", masks);
}

void addTinyBlock(Parts& parts, const std::string& name, std::int64_t width, std::int64_t heads, std::int64_t window) {
    parts.tensor(name + ".attn.attention_biases", {heads, window * window});
    parts.norm(name + ".attn.norm", width);
    parts.layer(name + ".attn.qkv", {3 * width, width});
    parts.layer(name + ".attn.proj", {width, width});
    parts.normedConvolution(name + ".local_conv", {width, 1, 3, 3});
    parts.norm(name + ".mlp.norm", width);
    parts.layer(name + ".mlp.fc1", {4 * width, width});
    parts.layer(name + ".mlp.fc2", {width, 4 * width});
}

// A step of three convolutions, the middle one channel by channel.
void addBottleneck(Parts& parts, const std::string& name, std::int64_t in, std::int64_t middle, std::int64_t out) {
    parts.normedConvolution(name + ".conv1", {middle, in, 1, 1});
    parts.normedConvolution(name + ".conv2", {middle, 1, 3, 3});
    parts.normedConvolution(name + ".conv3", {out, middle, 1, 1});
}

PartList tinyVit() {
    struct Stage {
        std::int64_t width, depth, heads, window;
    };
    constexpr Stage stages[] = {{64, 2, 2, 7}, {128, 2, 4, 7}, {160, 6, 5, 14}, {320, 2, 10, 7}};
    constexpr std::int64_t classes = 1000;
    Parts parts;
    parts.normedConvolution("patch_embed.seq.0", {32, 3, 3, 3});
    parts.normedConvolution("patch_embed.seq.2", {64, 32, 3, 3});
    for (int s = 0; s < 4; ++s) {
        const Stage& stage = stages[s];
        const std::string layer = numbered("layers", s);
        for (int j = 0; j < stage.depth; ++j) {
            const std::string block = numbered(layer + ".blocks", j);
            if (s == 0)
                addBottleneck(parts, block, stage.width, 4 * stage.width, stage.width);
            else
                addTinyBlock(parts, block, stage.width, stage.heads, stage.window);
        }
        if (s < 3) addBottleneck(parts, layer + ".downsample", stage.width, stages[s + 1].width, stages[s + 1].width);
    }
    const std::int64_t width = stages[3].width;
    parts.norm("norm_head", width);
    parts.layer("head", {classes, width});
    addNeck(parts, "neck", width);
    return std::move(parts).list();
}

// CellSAM's attentions: `rows` of stacked projections.
void addDetectorAttention(Parts& parts, const std::string& name, std::int64_t rows) {
    parts.tensor(name + ".in_proj_weight", {rows, samWidth});
    parts.tensor(name + ".in_proj_bias", {rows});
    parts.layer(name + ".out_proj", {samWidth, samWidth});
}

void addFeedForward(Parts& parts, const std::string& name) {
    parts.layer(name + ".linear1", {4 * samWidth, samWidth});
    parts.layer(name + ".linear2", {samWidth, 4 * samWidth});
    parts.norm(name + ".norm2", samWidth);
}

}  // namespace

const char* const cellSamModel = "model.";
const char* const cellSamSecond = "model_cp.";
const char* const cellSamBackbone = "cellfinder.decode_head.backbone.body.";
const char* const cellSamDetector = "cellfinder.decode_head.";

std::span<const VitSize> vitSizes() { return sizes; }

const VitSize* vitOfWidth(std::int64_t width) {
    for (const VitSize& size : sizes)
        if (size.width == width) return &size;
    return nullptr;
}

PartList samParts(const VitSize& size, std::int64_t grid) {
    Parts parts;
    parts.add("image_encoder.", samTrunk(size, grid));
    addNeck(parts, "image_encoder.neck", size.width);
    addPromptEncoder(parts);
    addMaskDecoder(parts);
    return std::move(parts).list();
}

PartList mobileSamParts() {
    Parts parts;
    parts.add("image_encoder.", tinyVit());
    addPromptEncoder(parts);
    addMaskDecoder(parts);
    return std::move(parts).list();
}

PartList instanceDecoderParts(bool transposed) {
    constexpr std::int64_t widths[] = {512, 256, 128, 64};
    Parts parts;
    const auto enlarge = [&](const std::string& name, std::int64_t in, std::int64_t out) {
        if (transposed)
            parts.layer(name + ".block", {in, out, 2, 2}, out);
        else
            parts.layer(name + ".conv", {out, in, 1, 1});
    };
    const auto pair = [&](const std::string& name, std::int64_t in, std::int64_t out) {
        parts.layer(name + ".block.1", {out, in, 3, 3});
        parts.layer(name + ".block.4", {out, out, 3, 3});
    };
    for (int i = 0; i < 4; ++i) {
        const std::string deconv = "deconv" + std::to_string(i + 1) + ".block";
        enlarge(deconv + ".0", i == 0 ? samWidth : widths[i - 1], widths[i]);
        parts.layer(deconv + ".1.block", {widths[i], widths[i], 3, 3});
        parts.batchNorm(deconv + ".2", widths[i]);
    }
    for (int i = 0; i < 3; ++i) {
        enlarge(numbered("decoder.samplers", i), widths[i], widths[i + 1]);
        pair(numbered("decoder.blocks", i), widths[i], widths[i + 1]);
    }
    pair("base", samWidth, widths[0]);
    enlarge("deconv_out", widths[3], widths[3]);
    pair("decoder_head", widths[2], widths[3]);
    parts.layer("out_conv", {3, widths[3], 1, 1});
    return std::move(parts).list();
}

PartList maeParts(const VitSize& size, std::int64_t grid, bool decoder) {
    Parts parts;
    const std::int64_t tokens = grid * grid + 1;
    parts.tensor("cls_token", {1, 1, size.width});
    parts.tensor("pos_embed", {1, tokens, size.width});
    parts.layer("patch_embed.proj", {size.width, 3, size.maePatch, size.maePatch});
    for (std::int64_t i = 0; i < size.depth; ++i) addBlock(parts, numbered("blocks", i), size.width, "fc1", "fc2");
    parts.norm("norm", size.width);
    if (!decoder) return std::move(parts).list();
    parts.tensor("mask_token", {1, 1, maeDecoderWidth});
    parts.tensor("decoder_pos_embed", {1, tokens, maeDecoderWidth});
    parts.layer("decoder_embed", {maeDecoderWidth, size.width});
    for (std::int64_t i = 0; i < maeDecoderDepth; ++i)
        addBlock(parts, numbered("decoder_blocks", i), maeDecoderWidth, "fc1", "fc2");
    parts.norm("decoder_norm", maeDecoderWidth);
    parts.layer("decoder_pred", {3 * size.maePatch * size.maePatch, maeDecoderWidth});
    return std::move(parts).list();
}

PartList cellSamBackboneParts() { return samTrunk(sizes[0], 64); }

PartList cellSamDetectorParts() {
    constexpr std::int64_t layers = 6, queries = 3500, classes = 2, columns = 5;  // attention stacks five projections
    Parts parts;
    for (int i = 0; i < layers; ++i) {
        const std::string encoder = numbered("transformer.encoder_layers", i),
                          decoder = numbered("transformer.decoder_layers", i);
        addDetectorAttention(parts, encoder + ".self_attn", columns * samWidth);
        addDetectorAttention(parts, decoder + ".cross_attn", columns * samWidth);
        addDetectorAttention(parts, decoder + ".self_attn", 3 * samWidth);
        for (const std::string& layer : {encoder, decoder}) {
            parts.norm(layer + ".norm1", samWidth);
            addFeedForward(parts, layer + ".ffn");
        }
        parts.norm(decoder + ".norm2", samWidth);
        parts.layer(numbered("transformer.class_embed", i), {classes, samWidth});
        addMlp(parts, numbered("transformer.bbox_embed", i), 4);
    }
    parts.tensor("transformer.pattern.weight", {1, samWidth});
    parts.tensor("transformer.position.weight", {queries, 2});
    for (const char* adapt : {"transformer.adapt_pos1d", "transformer.adapt_pos2d"})
        for (int i : {0, 2}) parts.layer(numbered(adapt, i), {samWidth, samWidth});
    parts.layer("input_proj.0.0", {samWidth, sizes[0].width, 1, 1});
    parts.norm("input_proj.0.1", samWidth);
    return std::move(parts).list();
}

}  // namespace fovea::models
