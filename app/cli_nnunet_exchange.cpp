// fovea-cli nnunet import, export: between nnU-Net's data sets and projects.
#include <regex>

#include "base/file.h"
#include "cli_nnunet.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;
using project::Project;

namespace {

struct ExchangeArguments {
    std::string dataset, project;
};

void runImport(Cli& cli, const RootsPtr& roots, const ExchangeArguments& a) {
    const nnunet::DatasetFolders folders(*roots, a.dataset);
    const auto project = Project::isProject(a.project) ? Project::open(a.project, cli.services.opener)
                                                       : Project::create(a.project, cli.services.opener);
    json line = importNnunet(*project, cli.services.stages, folders.raw(), cli.job);
    line["state"] = "done";
    cli.say(line, std::to_string(line["cases"].get<int>()) + " images with " +
                      std::to_string(line["objects"].get<int>()) + " objects");
}

void runExport(Cli& cli, const RootsPtr& roots, const ExchangeArguments& a) {
    static const std::regex usual("Dataset[0-9]{3}_[A-Za-z0-9_.-]+");
    if (!std::regex_match(a.dataset, usual))
        throw UsageError({FOVEA_TR("{name} is no name for a data set of nnU-Net. Choose one like Dataset042_Nuclei."),
                          {{"name", a.dataset}}});
    if (roots->raw.empty()) throw UsageError(FOVEA_TR("Say where data sets lie: set nnUNet_raw or give --raw."));
    const auto project = Project::open(a.project, cli.services.opener, project::Access::Read);
    const fs::path models = roots->results.empty() ? fs::path() : roots->results / a.dataset;
    json line = exportNnunet(*project, cli.services.stages, roots->raw / a.dataset, models, cli.job);
    line["state"] = "done";
    std::string human = line["raw"].get<std::string>();
    if (line["model"].is_string()) human += "\n" + line["model"].get<std::string>();
    cli.say(line, human);
}

}  // namespace

void addNnunetExchange(CLI::App& group, Cli& cli, RootsPtr roots) {
    const auto add = [&](const char* name, const char* help, auto run) {
        const auto a = std::make_shared<ExchangeArguments>();
        CLI::App* command = group.add_subcommand(name, help);
        command->add_option("dataset", a->dataset, "Data set: its name")->check(notEmpty)->required();
        command->add_option("-p,--project", a->project, "Project folder")->check(notEmpty)->required();
        command->callback([&cli, roots, a, run] { run(cli, roots, *a); });
    };
    add("import", "Brings a raw data set with its labels into a project", runImport);
    add("export", "Writes a project's labels, and its model, as nnU-Net has them", runExport);
}

}  // namespace fovea::app
