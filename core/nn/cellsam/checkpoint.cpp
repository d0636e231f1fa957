#include "nn/cellsam/checkpoint.h"

#include <algorithm>

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

TransformerConfig transformerOf(const sam::StateShapes& shapes) {
    const std::string transformer = finderPrefix + "transformer.";
    TransformerConfig config;
    config.patterns = shapes.size(transformer + "pattern.weight", 0);
    config.width = shapes.size(transformer + "pattern.weight", 1);
    config.queries = shapes.size(transformer + "position.weight", 0);
    config.encoderLayers = shapes.count(transformer + "encoder_layers.");
    config.decoderLayers = shapes.count(transformer + "decoder_layers.");
    config.hidden = shapes.size(transformer + "decoder_layers.0.ffn.linear1.weight", 0);
    config.classes = shapes.size(transformer + "class_embed.0.weight", 0);
    return config;
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
    const sam::StateShapes shapes(state, source, "a complete checkpoint of CellSAM");
    const std::string model = has(state, advancedPrefix) ? advancedPrefix : plainPrefix;
    const sam::VitConfig vit = sam::vitConfig(shapes, model + "image_encoder.");
    return {{vit, sam::promptConfig(shapes, model, vit.imageSize, vit.patchSize)}, {vit, transformerOf(shapes)}};
}

CellSam cellSamFrom(const State& state, const CellSamConfig& config, const std::string& source) {
    checkGroups(state, source);
    return translated([&] {
        CellSam model;
        model.advanced = has(state, advancedPrefix);
        model.finder = CellFinder(config.finder);
        load(state, finderPrefix, *model.finder, source);
        model.segmenter = sam::Sam(config.segmenter);
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
