#pragma once
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "infer/predictor.h"
#include "nn/trained_model.h"
#include "plan/export_prediction.h"

// From a preprocessed case to labels with a trained model (spec nnunet.md section 5).
namespace fovea::nnunet {

struct PredictOptions {
    double step = 0.5;  // between windows, of a patch
    bool mirror = true;
    bool halfSums = false;  // see infer::WindowOptions
    std::string device = "cpu";
    nn::Compute compute;
    std::uint64_t memoryBytes = std::uint64_t(2) << 30;  // of the sliding window's sums
};

// The precision and layout in which this model predicts fastest, by timing; see nn::chooseCompute().
nn::Compute fastestCompute(const nn::TrainedModel& model, const std::string& device, int threads, Job& job);

// A case on the network's grid, normalised, with the channels of the cascade's earlier stage.
struct PreparedCase {
    ImagePtr image;
    plan::CaseProperties properties;
    std::filesystem::path scratch;  // folder for the logits
    nlohmann::json key;             // what else the logits depend on, see LogitsFile
};

// One-hot channels of an earlier stage's labels after those of the image.
ImagePtr withPreviousStage(ImagePtr image, ImagePtr labels, std::vector<std::int32_t> classes);

// A model made ready on a device; the logits of its folds are averaged. Keeps a reference to the model.
class Predictor {
  public:
    Predictor(const nn::TrainedModel& model, PredictOptions options);

    const plan::PreprocessRule& rule() const { return rule_; }
    const nn::TrainedModel& model() const { return model_; }

    // Computes the logits of a case, or goes on with them, and calls f with what the export reads them from; they are
    // deleted once f returns. Thread: the batch lane. Throws Cancelled (the logits stay) and what
    // infer::slideWindows() throws.
    void predict(const PreparedCase& one, Job& job, const std::function<void(const plan::Prediction&)>& f) const;

  private:
    const nn::TrainedModel& model_;
    PredictOptions options_;
    plan::PreprocessRule rule_;
    infer::WindowOptions windows_;
    infer::Network network_;
};

// The labels on the grid of the cascade's next stage: `shape` voxels at `spacing` (network's axes), no crop.
Volume<std::uint16_t> labelsForNextStage(const plan::Prediction& prediction, const plan::CaseProperties& properties,
                                         const plan::PreprocessRule& rule, Index shape, Vec3 spacing, Job& job);

}  // namespace fovea::nnunet
