#include "nn/trained_model.h"

#include <algorithm>

#include "base/error.h"
#include "nn/nnunet_checkpoint.h"

namespace fovea::nn {

namespace {

namespace fs = std::filesystem;

const std::string foldPrefix = "fold_";

fs::path checkpointPath(const fs::path& folder, const std::string& fold, const std::string& checkpoint) {
    return folder / (foldPrefix + fold) / checkpoint;
}

bool isNumber(const std::string& fold) {
    return !fold.empty() && fold.size() < 7 &&
           std::all_of(fold.begin(), fold.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool foldBefore(const std::string& a, const std::string& b) {
    if (isNumber(a) && isNumber(b)) return std::stoi(a) < std::stoi(b);
    return isNumber(a) != isNumber(b) ? isNumber(a) : a < b;
}

}  // namespace

std::vector<std::string> foldsOf(const fs::path& folder, const std::string& checkpoint) {
    std::vector<std::string> folds;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(foldPrefix)) continue;
        const std::string fold = name.substr(foldPrefix.size());
        if (fs::is_regular_file(checkpointPath(folder, fold, checkpoint), error)) folds.push_back(fold);
    }
    std::sort(folds.begin(), folds.end(), foldBefore);
    return folds;
}

TrainedModel loadTrainedModel(const fs::path& folder, std::vector<std::string> folds, std::string checkpoint) {
    TrainedModel model{plan::nnunet::PlansFile::load(folder / "plans.json"),
                       plan::nnunet::loadDatasetJson(folder / "dataset.json"),
                       {},
                       {},
                       {},
                       {}};
    if (checkpoint.empty())
        checkpoint = foldsOf(folder, "checkpoint_final.pth").empty() ? "checkpoint_best.pth" : "checkpoint_final.pth";
    if (folds.empty()) folds = foldsOf(folder, checkpoint);
    if (folds.empty())
        throw Error(ErrorKind::Missing,
                    Text(FOVEA_TR("{path} holds no trained model: there is no {checkpoint} in fold_0, fold_1, … or "
                                  "fold_all. Choose the folder that holds plans.json and the folds."),
                         {{"path", folder.string()}, {"checkpoint", checkpoint}}));
    for (const std::string& fold : folds) {
        const fs::path path = checkpointPath(folder, fold, checkpoint);
        const NnUNetCheckpoint stored = readNnUNetCheckpoint(path, false);
        const auto& named = stored.initArgs.is_object() && stored.initArgs.contains("configuration")
                                ? stored.initArgs["configuration"]
                                : nlohmann::ordered_json();
        if (!named.is_string() || (!model.configuration.empty() && named != model.configuration))
            throw Error(
                ErrorKind::Format,
                Text(FOVEA_TR("{path} belongs to the configuration {found}, not to {wanted}. Choose checkpoints "
                              "of one training."),
                     {{"path", path.string()}, {"found", named.dump()}, {"wanted", model.configuration}}));
        if (model.networks.empty()) {
            model.configuration = named.get<std::string>();
            model.mirrorAxes = stored.mirrorAxes.value_or(std::vector<std::int64_t>());
        }
        const auto configuration = model.plans.configuration(model.configuration);
        UNet unet(topologyFromArchitecture(
            nlohmann::json(configuration.value("architecture", nlohmann::ordered_json())),
            model.plans.inputChannels(model.configuration, model.dataset), model.dataset.labels.outputs()));
        loadState(stored.weights, *unet, path.string());
        model.networks.push_back(unet);
        model.folds.push_back(fold);
    }
    return model;
}

}  // namespace fovea::nn
