#include "nn/cellsam/checkpoint.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "nn/torch_errors.h"
#include "tensorfile/byte_file.h"

namespace fovea::nn::cellsam {

namespace {

const std::string finderPrefix = "cellfinder.decode_head.", plainPrefix = "model.", advancedPrefix = "model_cp.";

bool has(const State& state, const std::string& prefix) {
    return std::any_of(state.begin(), state.end(), [&](const auto& item) { return item.first.starts_with(prefix); });
}

// The entries below a prefix, without it.
State below(const State& state, const std::string& prefix) {
    State part;
    for (const auto& [name, tensor] : state)
        if (name.starts_with(prefix)) part.emplace_back(name.substr(prefix.size()), tensor);
    return part;
}

void checkGroups(const State& state, const std::string& source) {
    for (const std::string& prefix : {plainPrefix, finderPrefix})
        if (!has(state, prefix))
            throw Error(ErrorKind::Format,
                        Text(FOVEA_TR("{path} is no checkpoint of CellSAM: nothing in it is called {prefix}…. Choose "
                                      "the file that CellSAM's authors give out, for example cellsam_general.pt."),
                             {{"path", source}, {"prefix", prefix}}));
}

// Shapes of a checkpoint by name.
class Shapes {
  public:
    Shapes(const State& state, std::string source) : source_(std::move(source)) {
        for (const auto& [name, tensor] : state) shapes_[name] = tensor.sizes().vec();
    }
    std::int64_t extent(const std::string& name, std::size_t axis) const {
        const auto found = shapes_.find(name);
        if (found != shapes_.end() && axis < found->second.size()) return found->second[axis];
        throw Error(
            ErrorKind::Format,
            Text(FOVEA_TR("{path} is no complete checkpoint of CellSAM: {name} is missing or has another shape. "
                          "Download the file again."),
                 {{"path", source_}, {"name", name}}));
    }
    // How many of "<prefix>0…<suffix>", "<prefix>1…<suffix>", … there are.
    std::int64_t count(const std::string& prefix, const std::string& suffix) const {
        std::int64_t n = 0;
        while (shapes_.contains(prefix + std::to_string(n) + suffix)) ++n;
        return n;
    }

  private:
    std::map<std::string, std::vector<std::int64_t>> shapes_;
    std::string source_;
};

sam::VitConfig vitOf(const Shapes& shapes, const std::string& encoder) {
    sam::VitConfig vit;
    const std::string block = encoder + "blocks.";
    vit.width = shapes.extent(encoder + "patch_embed.proj.weight", 0);
    vit.patchSize = shapes.extent(encoder + "patch_embed.proj.weight", 2);
    vit.imageSize = vit.patchSize * shapes.extent(encoder + "pos_embed", 1);
    vit.depth = shapes.count(block, ".norm1.weight");
    vit.heads = vit.width / std::max<std::int64_t>(1, shapes.extent(block + "0.attn.rel_pos_h", 1));
    vit.mlpRatio = shapes.extent(block + "0.mlp.lin1.weight", 0) / std::max<std::int64_t>(1, vit.width);
    vit.outChannels = shapes.extent(encoder + "neck.0.weight", 0);
    vit.globalBlocks.clear();
    vit.window = 0;
    for (std::int64_t i = 0; i < vit.depth; ++i) {  // tables of relative positions have 2 · side − 1 rows
        const std::int64_t side = (shapes.extent(block + std::to_string(i) + ".attn.rel_pos_h", 0) + 1) / 2;
        if (side == vit.grid())
            vit.globalBlocks.push_back(i);
        else
            vit.window = side;
    }
    return vit;
}

sam::PromptConfig promptOf(const Shapes& shapes, const std::string& model, const sam::VitConfig& vit) {
    sam::PromptConfig prompt;
    const std::string transformer = model + "mask_decoder.transformer.layers.";
    prompt.imageSize = vit.imageSize, prompt.patchSize = vit.patchSize;
    prompt.width = shapes.extent(model + "prompt_encoder.no_mask_embed.weight", 1);
    prompt.maskChannels = shapes.extent(model + "prompt_encoder.mask_downscaling.3.weight", 0);
    prompt.depth = shapes.count(transformer, ".norm1.weight");
    prompt.mlpHidden = shapes.extent(transformer + "0.mlp.lin1.weight", 0);
    prompt.iouDepth = shapes.count(model + "mask_decoder.iou_prediction_head.layers.", ".weight");
    prompt.iouHidden = shapes.extent(model + "mask_decoder.iou_prediction_head.layers.0.weight", 0);
    prompt.multimasks = shapes.extent(model + "mask_decoder.mask_tokens.weight", 0) - 1;
    return prompt;
}

TransformerConfig transformerOf(const Shapes& shapes) {
    TransformerConfig c;
    const std::string transformer = finderPrefix + "transformer.";
    c.patterns = shapes.extent(transformer + "pattern.weight", 0);
    c.width = shapes.extent(transformer + "pattern.weight", 1);
    c.queries = shapes.extent(transformer + "position.weight", 0);
    c.encoderLayers = shapes.count(transformer + "encoder_layers.", ".norm1.weight");
    c.decoderLayers = shapes.count(transformer + "decoder_layers.", ".norm1.weight");
    c.hidden = shapes.extent(transformer + "decoder_layers.0.ffn.linear1.weight", 0);
    c.classes = shapes.extent(transformer + "class_embed.0.weight", 0);
    return c;
}

void load(const State& state, const std::string& prefix, torch::nn::Module& network, const std::string& source) {
    const State part = below(state, prefix);
    const KeyReport report = compareState(part, network);
    if (!report.ok())
        throw Error(ErrorKind::Format,
                    Text(FOVEA_TR("{path} is no complete checkpoint of CellSAM. Below {prefix}: {report}. Download the "
                                  "file again."),
                         {{"path", source}, {"prefix", prefix}, {"report", report.str()}}));
    loadState(part, network, source);
}

}  // namespace

CellSamConfig configOf(const State& state, const std::string& source) {
    checkGroups(state, source);
    const std::string model = has(state, advancedPrefix) ? advancedPrefix : plainPrefix;
    const Shapes shapes(state, source);
    CellSamConfig config;
    config.vit = vitOf(shapes, model + "image_encoder.");
    config.prompt = promptOf(shapes, model, config.vit);
    config.transformer = transformerOf(shapes);
    return config;
}

CellSam cellSamFrom(const State& state, const CellSamConfig& config, const std::string& source) {
    checkGroups(state, source);
    return translated([&] {
        CellSam model;
        model.advanced = has(state, advancedPrefix);
        model.finder = CellFinder(CellFinderConfig{config.vit, config.transformer});
        load(state, finderPrefix, *model.finder, source);
        model.segmenter = sam::Sam(config.vit, config.prompt);
        load(state, model.advanced ? advancedPrefix : plainPrefix, *model.segmenter, source);
        for (const auto& [name, tensor] : state)
            if (!name.starts_with(plainPrefix) && !name.starts_with(advancedPrefix) && !name.starts_with(finderPrefix))
                model.unused.push_back(name);
        return model;
    });
}

CellSam loadCellSam(const std::filesystem::path& path) {
    const tensorfile::ByteFile file(path);
    if (file.size() > 2 && file.read(0, 2) == "\x1f\x8b")
        throw Error(ErrorKind::Format, Text(FOVEA_TR("{path} is an archive. Unpack it, and choose one of the .pt files "
                                                     "in it."),
                                            {{"path", path.string()}}));
    const State state = readState(path);
    return cellSamFrom(state, configOf(state, path.string()), path.string());
}

}  // namespace fovea::nn::cellsam
