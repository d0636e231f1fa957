#pragma once
#include <nlohmann/json.hpp>

#include "nnunet/crossval.h"

// Which trained configuration, or which two of them together, did best in cross-validation (spec nnunet.md
// section 5.5).
namespace fovea::nnunet {

struct ModelName {
    std::string configuration, plans = "nnUNetPlans", trainer = "nnUNetTrainer";
};

struct Candidate {
    std::string name;               // the folder's, as nnU-Net calls it
    std::vector<ModelName> models;  // one, or two that are averaged
    Crossval crossval;
    double dice() const { return crossval.summary.foreground.dice; }
};

struct BestConfiguration {
    std::vector<Candidate> candidates;  // models, then their pairs
    std::size_t best = 0;               // index; the first of equal ones
    measure::Postprocessing postprocessing;

    const Candidate& chosen() const { return candidates[best]; }
};

// nnU-Net's four configurations of these plans, as far as they are trained. Throws Error(Missing) when none is.
std::vector<ModelName> trainedModels(const DatasetFolders& dataset,
                                     const std::vector<std::string>& plans = {"nnUNetPlans"},
                                     const std::string& trainer = "nnUNetTrainer");

struct BestOptions {
    std::vector<ModelName> models;
    Folds folds = {};  // empty: allFolds()
    bool ensembles = true;
};

// Collects the cross-validation of every model, averages every pair's saved probabilities into
// <results>/<data set>/ensembles/ensemble___A___B___<folds>, scores all by their foreground-mean Dice, decides the best
// one's post-processing and writes informationPath(). Throws Error as collectCrossval() and ensemble() do,
// Input for no models; Cancelled.
BestConfiguration findBestConfiguration(const Files& files, const DatasetFolders& dataset, const BestOptions& options,
                                        Job& job);

// <results>/<data set>/inference_information.json and what nnU-Net writes there.
std::filesystem::path informationPath(const DatasetFolders& dataset);
nlohmann::ordered_json inferenceInformation(const DatasetFolders& dataset, const BestConfiguration& found,
                                            bool ensembles);

}  // namespace fovea::nnunet
