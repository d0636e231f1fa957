#include "cli_nnunet.h"

namespace fovea::app {

nnunet::Files nnunetFiles() {
    return {[](const std::filesystem::path& path) { return openImage(path.string(), 0, {}); },
            [](const std::filesystem::path& path, const ImageSource& labels, Job& job) {
                writeImage(path, labels, true, job);
            }};
}

void addNnunetCommands(CLI::App& app, Cli& cli) {
    CLI::App* group = app.add_subcommand(
        "nnunet", "nnU-Net alone, on its own folders: plan, preprocess, train, predict, evaluate, …");
    group->require_subcommand(1);
    group->fallthrough();
    const RootsPtr roots = std::make_shared<nnunet::Roots>();
    group->add_option("--raw", roots->raw, "Folder of raw data sets")->envname("nnUNet_raw");
    group->add_option("--preprocessed", roots->preprocessed, "Folder of preprocessed data sets")
        ->envname("nnUNet_preprocessed");
    group->add_option("--results", roots->results, "Folder of trained models")->envname("nnUNet_results");
    addNnunetTraining(*group, cli, roots);
    addNnunetScoring(*group, cli, roots);
}

}  // namespace fovea::app
