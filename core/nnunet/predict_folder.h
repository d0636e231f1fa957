#pragma once
#include <filesystem>

#include "nnunet/files.h"
#include "nnunet/predictor.h"

namespace fovea::nnunet {

struct PredictFolderOptions {
    std::filesystem::path in, out;
    std::filesystem::path
        previousStage;               // label maps of the cascade's earlier stage, <case><ending>; empty without one
    bool saveProbabilities = false;  // <case>.npz and .pkl beside each label map
    bool keep = false;               // label maps that are there stay as they are
};

// Predicts every case of a folder of images (<case>_0000<ending>, …) and writes <case><ending>, geometry as the
// image's, with dataset.json and plans.json. What does not fit into memory lies in <out>/.work meanwhile; a stopped run
// goes on there. Returns the number of cases predicted. Throws Error naming the case; Cancelled.
std::size_t predictFolder(const Predictor& predictor, const Files& files, const PredictFolderOptions& options,
                          Job& job);

// What Predictor::predict() found of a case as <folder>/<name><ending>, when asked for with the probabilities and
// properties beside it that an ensemble, here or of nnU-Net, reads. `like`: the image, or a label map of it.
void exportCase(const Predictor& predictor, const plan::Prediction& prediction, const plan::CaseProperties& properties,
                const Files& files, const ImageInfo& like, const std::filesystem::path& folder, const std::string& name,
                bool withProbabilities, Job& job);

}  // namespace fovea::nnunet
