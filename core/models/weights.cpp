#include "models/weights.h"

#include <algorithm>

#include "base/error.h"

namespace fovea::models {

namespace fs = std::filesystem;

namespace {

const char* const modelPart = "model";
const char* const decoderPart = "decoder";

bool hasDecoder(const Model& model) {
    return std::any_of(model.files.begin(), model.files.end(),
                       [](const KeptFile& file) { return file.part == decoderPart; });
}

// An instance decoder of its own answers no prompts.
bool serves(const Model& model, Role role) {
    return model.role == role && model.usable() &&
           (role != Role::Prompts || std::any_of(model.files.begin(), model.files.end(), [](const KeptFile& file) {
                return file.part == modelPart && file.network.starts_with("sam/");
            }));
}

Weights kept(const Model& model, const ModelStore& store) {
    return {store.file(model.id, modelPart), hasDecoder(model) ? store.file(model.id, decoderPart) : fs::path(),
            model.title};
}

// An id never has a folder before it nor one of these endings.
bool looksLikeFile(const fs::path& named) {
    const std::string ending = named.extension().string();
    std::error_code unreadable;
    return named.has_parent_path() || ending == ".pt" || ending == ".pth" || ending == ".safetensors" ||
           fs::exists(named, unreadable);
}

Weights given(const fs::path& model) {
    const fs::path decoder = model.parent_path() / (model.stem().string() + "_decoder" + model.extension().string());
    std::error_code unreadable;
    return {model, fs::exists(decoder, unreadable) ? decoder : fs::path()};
}

}  // namespace

Weights findWeights(const std::string& named, Role role, bool withDecoder, const ModelStore& store) {
    if (!named.empty()) return looksLikeFile(named) ? given(named) : kept(store.find(named), store);
    for (const Model& model : store.list())
        if (serves(model, role) && (hasDecoder(model) || !withDecoder)) return kept(model, store);
    throw Error(
        ErrorKind::Missing,
        {withDecoder ? FOVEA_TR("No model for {role} with an instance decoder is kept here. `fovea-cli models` "
                                "lists those there are and how to add them; or name a file.")
                     : FOVEA_TR("No model for {role} is kept here. `fovea-cli models` lists those there are and "
                                "how to add them; or name a file."),
         {{"role", name(role)}}});
}

Weights findWeights(const std::string& named, Role role, bool withDecoder) {
    return looksLikeFile(named) ? given(named) : findWeights(named, role, withDecoder, ModelStore());
}

}  // namespace fovea::models
