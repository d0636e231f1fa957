#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "cli.h"
#include "project/add_images.h"
#include "project/deliver.h"
#include "project/runner.h"
#include "project/work_order.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace fovea::project;

namespace {

// Arguments of one sub-command.
struct Arguments {
    std::string project, from, out, until, workFolder;
    std::vector<std::string> files, sets, cases, skip;
    int accept = 0, reject = 0;
    bool again = false, next = false;
};

// Paths among the options are meant from where the command was given.
std::vector<std::string> absolutePaths(const Stage& stage, std::vector<std::string> sets) {
    for (std::string& set : sets) {
        const std::size_t equals = set.find('=');
        if (equals == std::string::npos || equals + 1 == set.size()) continue;
        for (const OptionSpec& spec : stage.options)
            if (spec.type == OptionType::Path && spec.name == set.substr(0, equals))
                set = spec.name + "=" + fs::absolute(set.substr(equals + 1)).lexically_normal().string();
    }
    return sets;
}

void assign(Project& project, const Stage& stage, const std::vector<std::string>& sets) {
    asUsage([&] { project.assign(stage, absolutePaths(stage, sets)); });
}

std::unique_ptr<Project> openProject(const Cli& cli, const Arguments& arguments) {
    auto project = Project::open(arguments.project, cli.services.opener);
    if (!project->notice().empty()) log::warning(project->notice().str());
    if (cli.seed) project->setSeed(*cli.seed);
    for (const std::string& id : arguments.cases) asUsage([&] { project->caseOf(id); });
    return project;
}

RunRequest requestOf(Cli& cli, const Arguments& arguments, Project& project, std::vector<std::string> stages) {
    RunRequest request{.stages = std::move(stages)};
    request.cases = arguments.cases;
    request.device = deviceByName(cli.device);
    request.threads = cli.threads;
    request.again = arguments.again;
    request.next = arguments.next;
    request.finished = [&cli](const json& row) { cli.say(row, stageText(row)); };
    if (!arguments.from.empty()) {
        const auto committed = std::make_shared<json>();
        request.before = [&cli, &project, committed,
                          given = GivenLabels{fs::absolute(arguments.from).string(), arguments.accept,
                                              arguments.reject}](const Stage& stage, int round) {
            if (stage.id != "annotate") return;
            const auto done = commitLabels(Artifacts(project, cli.services.stages), round, given, cli.job);
            log::info(done.text().str());
            *committed = toJson(done);
        };
        request.finished = [&cli, committed](json row) {
            if (row.at("stage") == "annotate") row["committed"] = *committed;
            cli.say(row, stageText(row));
        };
    }
    return request;
}

std::vector<std::string> imagesOf(const std::vector<std::string>& files) {
    std::vector<std::string> images;
    for (const std::string& file : files) {
        if (file.empty())
            throw UsageError(FOVEA_TR("The name of an image is empty. Give the path of a file or folder."));
        for (const std::string& image : resolveImages(file)) images.push_back(image);
    }
    return images;
}

// Images that the project has already keep what was made from them; what is held out in them, and how
// large their voxels are, may be said now.
void importInto(Cli& cli, const Arguments& arguments, Project& project, const std::vector<std::string>& images,
                const NewCase& details) {
    std::vector<std::string> fresh;
    std::set<fs::path> seen;
    const std::vector<Case> known = project.cases();
    for (const std::string& image : images) {
        const fs::path path = fs::absolute(image).lexically_normal();
        const auto same = std::find_if(known.begin(), known.end(), [&](const Case& c) {
            return project.imagePath(c) == path && c.timepoint == details.timepoint;
        });
        if (same == known.end()) {
            if (seen.insert(path).second) fresh.push_back(image);
        } else {
            if (!details.test.empty())
                project.setHeldOut(same->id, asUsage([&] { return parseBox(details.test, same->shape); }),
                                   details.guard);
            if (details.spacing) project.setSpacing(same->id, *details.spacing);
        }
    }
    addImages(project, cli.services.stages, fresh, details, requestOf(cli, arguments, project, {"import"}), cli.job);
}

void runImport(Cli& cli, const Arguments& arguments) {
    const Stage& stage = stageById(cli.services.stages, "import");
    const Options options = asUsage([&] { return Options::fromAssignments(stage.options, arguments.sets); });
    NewCase details;
    details.timepoint = int(options.integer("timepoint"));
    details.test = options.string("test");
    details.guard = options.integer("guard");
    if (const std::string spacing = options.string("spacing"); !spacing.empty())
        details.spacing = parseSpacing(spacing);
    std::istringstream channels(options.string("channels"));
    for (std::string name; std::getline(channels, name, ',');) details.channelNames.push_back(name);

    const std::vector<std::string> images = imagesOf(arguments.files);
    if (Project::isProject(arguments.project)) {
        const auto project = openProject(cli, arguments);
        importInto(cli, arguments, *project, images, details);
        return;
    }
    if (images.empty()) throw UsageError(FOVEA_TR("Give at least one image to import."));
    for (const std::string& image : images) {  // nothing is made for a wrong name or box
        const ImagePtr opened = openImage(image, details.timepoint, {});
        if (!details.test.empty()) asUsage([&] { parseBox(details.test, opened->info().shape()); });
    }
    std::error_code error;
    const bool folderWasThere = fs::exists(arguments.project, error);
    auto project = Project::create(arguments.project, cli.services.opener);
    try {
        if (cli.seed) project->setSeed(*cli.seed);
        importInto(cli, arguments, *project, images, details);
    } catch (...) {  // a project without an image is of no use to anybody
        project.reset();
        for (fs::directory_iterator entry(arguments.project, error), end; entry != end; entry.increment(error))
            fs::remove_all(entry->path(), error);
        if (!folderWasThere) fs::remove(arguments.project, error);
        throw;
    }
}

// Runs stages with the options of this call. One export of another round changes nothing about the next.
RunResult runStages(Cli& cli, const Arguments& arguments, Project& project, const std::vector<std::string>& stages) {
    const auto forgetRound = [&] {
        if (std::find(stages.begin(), stages.end(), "export") != stages.end())
            project.setOptions(stageById(cli.services.stages, "export"), {{"round", -1}});
    };
    try {
        RunResult result =
            project::run(project, cli.services.stages, requestOf(cli, arguments, project, stages), cli.job);
        forgetRound();
        return result;
    } catch (...) {
        forgetRound();
        throw;
    }
}

void runStage(Cli& cli, const Stage& stage, const Arguments& arguments) {
    const auto project = openProject(cli, arguments);
    assign(*project, stage, arguments.sets);
    const RunResult result = runStages(cli, arguments, *project, {stage.id});
    if (result.waiting) {
        json line = result.json;
        line.erase("stages");
        cli.say(line);
    }
    if (!arguments.out.empty()) deliver(exportsOf(Artifacts(*project, cli.services.stages)), arguments.out, cli.job);
}

// "stage.key=value" for any stage of the chain.
void assignAny(const Cli& cli, Project& project, const std::vector<std::string>& sets) {
    for (const std::string& set : sets) {
        const std::size_t dot = set.find('.'), equals = set.find('=');
        if (dot == std::string::npos || equals == std::string::npos || dot > equals)
            throw UsageError({FOVEA_TR("\"{set}\" sets nothing. Write it as stage.name=value."), {{"set", set}}});
        const Stage& stage =
            asUsage([&]() -> const Stage& { return stageById(cli.services.stages, set.substr(0, dot)); });
        assign(project, stage, {set.substr(dot + 1)});
    }
}

void runChain(Cli& cli, const Arguments& arguments) {
    const auto stages = asUsage([&] { return chainUntil(cli.services.stages, arguments.until, arguments.skip); });
    const auto project = openProject(cli, arguments);
    assignAny(cli, *project, arguments.sets);
    RunResult result = runStages(cli, arguments, *project, stages);
    result.json.erase("stages");
    cli.say(result.json);
    if (!arguments.out.empty() && !result.waiting)
        deliver(exportsOf(Artifacts(*project, cli.services.stages)), arguments.out, cli.job);
}

void addProject(CLI::App* command, Arguments& arguments) {
    command->add_option("--project,-p", arguments.project, "Project folder")->check(notEmpty)->required();
    command->add_option("--set", arguments.sets, "name=value, as often as needed")->allow_extra_args(false)->take_all();
    command->add_option("--case", arguments.cases, "Only these images")->allow_extra_args(false)->take_all();
    command->add_flag("--again", arguments.again, "Run even what is up to date");
}

}  // namespace

void addProjectCommands(CLI::App& app, Cli& cli) {
    for (const Stage& stage : cli.services.stages) {
        auto arguments = std::make_shared<Arguments>();
        CLI::App* command = app.add_subcommand(stage.id, stage.help.str());
        addProject(command, *arguments);
        std::string options = "Options for --set:\n";
        for (const OptionSpec& spec : stage.options)
            options += "  " + spec.name + " (" + spec.defaultValue.dump() + (spec.unit.empty() ? "" : " " + spec.unit) +
                       "): " + spec.help.str() + "\n";
        if (!stage.options.empty()) command->footer(options);
        if (stage.id == "import") {
            command->add_option("files", arguments->files,
                                "Images: files, Zarr folders, folders or patterns of pictures");
            command->callback([&cli, arguments] { runImport(cli, *arguments); });
            continue;
        }
        if (stage.id == "annotate") {
            CLI::Option* from =
                command->add_option("--from", arguments->from, "Labels to commit inside the queued patches")
                    ->check(notEmpty);
            command
                ->add_option("--accept", arguments->accept,
                             "Also accept so many of their objects outside of these, repaired where they need it")
                ->check(notNegative)
                ->needs(from);
            command->add_option("--reject", arguments->reject, "And reject so many right ones, as by mistake")
                ->check(notNegative)
                ->needs(from);
        }
        if (stage.id == "export")
            command->add_option("--out", arguments->out, "Folder to copy the files to")->check(notEmpty);
        if (stage.id == "query")
            command->add_flag("--next", arguments->next, "Finish the active round and begin the next");
        command->callback([&cli, &stage, arguments] { runStage(cli, stage, *arguments); });
    }
    auto arguments = std::make_shared<Arguments>();
    CLI::App* run = app.add_subcommand("run", "Runs the chain of stages up to one of them");
    addProject(run, *arguments);
    run->add_option("--until", arguments->until, "The last stage to run")->required();
    run->add_option("--skip", arguments->skip, "Stages to leave out")->delimiter(',');
    run->add_option("--from", arguments->from, "Labels to commit inside the queued patches")->check(notEmpty);
    run->add_option("--out", arguments->out, "Folder to copy exported files to")->check(notEmpty);
    run->add_flag("--next", arguments->next, "Finish the active round and begin the next");
    run->callback([&cli, arguments] { runChain(cli, *arguments); });

    auto order = std::make_shared<Arguments>();
    CLI::App* work = app.add_subcommand("work", "Runs a work order");
    work->add_option("folder", order->workFolder, "Folder with order.json")->check(notEmpty)->required();
    work->callback([&cli, order] {
        const json result = runOrder(order->workFolder, cli.services.stages, cli.services.opener, cli.job);
        cli.say({{"state", result["state"]}, {"seconds", result["seconds"]}, {"result", result["result"]}});
    });
}

}  // namespace fovea::app
