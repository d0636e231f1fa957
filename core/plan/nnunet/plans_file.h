#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plan/nnunet/experiment_planner.h"

namespace fovea::plan::nnunet {

// One entry of "configurations", with nnU-Net's own preprocessor.
struct ConfigurationEntry {
    std::string dataIdentifier;
    std::int64_t batch = 2;
    Sizes patch;
    nlohmann::ordered_json median;  // whole numbers or not
    std::vector<double> spacing;
    std::vector<std::string> normalisations;
    std::vector<bool> masked;
    nlohmann::ordered_json architecture;
    bool batchDice = true;
    Resampler resampler = Resampler::Default;
};
nlohmann::ordered_json toJson(const ConfigurationEntry& entry);

// The plans file as nnU-Net writes it, keys in its order (spec nnunet.md section 2.12). `reader` as readerOf().
nlohmann::ordered_json plansJson(const ExperimentPlan& plan, const std::string& datasetName, const std::string& reader);

// Adds the configurations of an older file of the same name that this one does not have, as nnU-Net does: they may be
// somebody's own.
void keepConfigurations(nlohmann::ordered_json& plans, const nlohmann::ordered_json& older);

// A plans file of nnU-Net v2, of any age, as it is used.
class PlansFile {
  public:
    // Throws Error(Format) when there are no configurations.
    explicit PlansFile(nlohmann::ordered_json plans);
    static PlansFile load(const std::filesystem::path& path);

    const nlohmann::ordered_json& json() const { return json_; }
    std::vector<std::string> names() const;
    // Per channel; plans from 2023 call them "by modality". Throws Error(Format).
    std::vector<Intensity> foreground() const;

    // With everything inherited; plans from before February 2024 get the "architecture" that they describe in other
    // words. Throws Error(Input) for an unknown name, Error(Format) for inheritance in a circle or unusable entries.
    nlohmann::ordered_json configuration(const std::string& name) const;
    std::string previousStage(const std::string& name) const;  // empty when there is none
    std::vector<std::string> nextStages(const std::string& name) const;
    // Channels of the images, and one for each foreground label where an earlier stage's result is looked at, too.
    std::int64_t inputChannels(const std::string& name, const DatasetJson& dataset) const;

  private:
    nlohmann::ordered_json json_;
};

// "architecture" of a configuration from before February 2024. Throws Error(Format) for an entry that lacks something.
nlohmann::ordered_json architectureOfOldPlans(const nlohmann::ordered_json& configuration);

}  // namespace fovea::plan::nnunet
