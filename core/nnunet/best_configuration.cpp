#include "nnunet/best_configuration.h"

#include <cmath>

#include "base/error.h"
#include "nnunet/ensemble.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

fs::path modelFolder(const DatasetFolders& dataset, const ModelName& model) {
    return dataset.model(model.plans, model.configuration, model.trainer);
}

Candidate alone(const Files& files, const DatasetFolders& dataset, const ModelName& model, const Folds& folds,
                Job& job) {
    const fs::path folder = modelFolder(dataset, model);
    return {folder.filename().string(), {model}, collectCrossval(files, dataset, folder, folds, job)};
}

Candidate together(const Files& files, const DatasetFolders& dataset, const Candidate& a, const Candidate& b,
                   const Folds& folds, Job& job) {
    const std::string name = "ensemble___" + a.name + "___" + b.name + "___" + foldsText(folds);
    const fs::path folder = dataset.results() / "ensembles" / name;
    JobPart averaging(job, 0, 0.7), scoring(job, 0.7, 1);
    const auto json = plan::nnunet::loadDatasetJson(a.crossval.folder / "dataset.json");
    replaceFolder(folder, [&](const fs::path& part) {
        copyModelFiles(a.crossval.folder, part);
        ensemble(files, {a.crossval.folder, b.crossval.folder}, part, json, false, averaging);
    });
    return {name, {a.models.front(), b.models.front()}, scoreCrossval(files, dataset, folder, folds, scoring)};
}

// A score that could not be counted loses against any that could.
std::size_t firstOfBest(const std::vector<Candidate>& candidates) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < candidates.size(); ++i)
        if (candidates[i].dice() > candidates[best].dice() ||
            (std::isnan(candidates[best].dice()) && !std::isnan(candidates[i].dice())))
            best = i;
    return best;
}

}  // namespace

std::vector<ModelName> trainedModels(const DatasetFolders& dataset, const std::vector<std::string>& plans,
                                     const std::string& trainer) {
    std::vector<ModelName> models;
    std::error_code error;
    for (const std::string& name : plans)
        for (const char* configuration : {"2d", "3d_fullres", "3d_lowres", "3d_cascade_fullres"})
            if (const ModelName model{configuration, name, trainer}; fs::exists(modelFolder(dataset, model), error))
                models.push_back(model);
    if (models.empty())
        throw Error(ErrorKind::Missing, {FOVEA_TR("{path} holds no trained model of these plans. Train one, or name "
                                                  "the plans and configurations."),
                                         {{"path", dataset.results().string()}}});
    return models;
}

fs::path informationPath(const DatasetFolders& dataset) { return dataset.results() / "inference_information.json"; }

BestConfiguration findBestConfiguration(const Files& files, const DatasetFolders& dataset, const BestOptions& options,
                                        Job& job) {
    if (options.models.empty()) throw Error(ErrorKind::Input, FOVEA_TR("There is no model to choose from. Name some."));
    const Folds folds = options.folds.empty() ? allFolds(dataset) : options.folds;
    const std::size_t count = options.models.size(), pairs = options.ensembles ? count * (count - 1) / 2 : 0;
    const double steps = double(count + pairs + 1);
    BestConfiguration found;
    const auto next = [&] {
        const double done = double(found.candidates.size());
        return JobPart(job, done / steps, (done + 1) / steps);
    };
    for (const ModelName& model : options.models) {
        JobPart part = next();
        found.candidates.push_back(alone(files, dataset, model, folds, part));
    }
    for (std::size_t a = 0; a < count && pairs > 0; ++a)
        for (std::size_t b = a + 1; b < count; ++b) {
            JobPart part = next();
            found.candidates.push_back(together(files, dataset, found.candidates[a], found.candidates[b], folds, part));
        }
    found.best = firstOfBest(found.candidates);
    JobPart part = next();
    found.postprocessing = decidePostprocessing(files, found.chosen().crossval, part);
    plan::nnunet::writePythonJson(informationPath(dataset), inferenceInformation(dataset, found, options.ensembles));
    return found;
}

ordered_json inferenceInformation(const DatasetFolders& dataset, const BestConfiguration& found, bool ensembles) {
    const Candidate& best = found.chosen();
    ordered_json considered = ordered_json::array(), all = ordered_json::object(), selected = ordered_json::array();
    for (const Candidate& one : found.candidates) {
        all[one.name] = one.dice();
        if (one.models.size() == 1)
            considered.push_back({{"plans", one.models[0].plans},
                                  {"configuration", one.models[0].configuration},
                                  {"trainer", one.models[0].trainer}});
    }
    for (const ModelName& model : best.models)
        selected.push_back(
            {{"configuration", model.configuration}, {"trainer", model.trainer}, {"plans_identifier", model.plans}});
    return {{"dataset_name_or_id", dataset.name()},
            {"considered_models", considered},
            {"ensembling_allowed", ensembles},
            {"all_results", all},
            {"best_model_or_ensemble",
             {{"result_on_crossval_pre_pp", found.postprocessing.before.foreground.dice},
              {"result_on_crossval_post_pp", found.postprocessing.after.foreground.dice},
              {"postprocessing_file", (best.crossval.folder / "postprocessing.pkl").string()},
              {"some_plans_file", (best.crossval.folder / "plans.json").string()},
              {"selected_model_or_models", selected}}}};
}

}  // namespace fovea::nnunet
