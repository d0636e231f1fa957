#pragma once
#include <filesystem>
#include <string>

// Where nnU-Net's users keep things (spec nnunet.md section 1.1).
namespace fovea::nnunet {

// What the environment calls nnUNet_raw, nnUNet_preprocessed and nnUNet_results; empty = not known.
struct Roots {
    std::filesystem::path raw, preprocessed, results;
};

// The folders of one data set. Each accessor throws Error(Missing) when its root is not known, naming the variable.
class DatasetFolders {
  public:
    // `wanted`: "Dataset004_Hippocampus", or its number ("4", "004"), looked up in all three roots. Throws
    // Error(Missing) when no root has it, Error(Input) when the number belongs to several names.
    DatasetFolders(Roots roots, const std::string& wanted);

    const std::string& name() const { return name_; }
    std::filesystem::path raw() const;
    std::filesystem::path preprocessed() const;
    std::filesystem::path results() const;
    // <results>/<name>/<trainer>__<plans>__<configuration>
    std::filesystem::path model(const std::string& plans, const std::string& configuration,
                                const std::string& trainer = "nnUNetTrainer") const;

  private:
    Roots roots_;
    std::string name_;
};

}  // namespace fovea::nnunet
