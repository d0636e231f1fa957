#include "base/file.h"
#include "base/log.h"
#include "cli.h"
#include "demo_report.h"
#include "project/runner.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace fovea::project;

namespace {

struct DemoArguments {
    std::string out, kind = "em", shape = "12,384,512";
    double minutes = 2;
};

// The third with the highest x is only ever scored; a guard of 32 voxels beside it is left out of everything.
NewCase heldOutThird(Index shape) {
    NewCase details;
    const std::int64_t from = shape.x - shape.x / 3;
    details.test = toString(Box{{0, 0, from}, shape});
    details.guard = std::min<std::int64_t>(32, from / 4);
    return details;
}

bool has(const Stage& stage, const std::string& option) {
    return std::any_of(stage.options.begin(), stage.options.end(),
                       [&](const OptionSpec& spec) { return spec.name == option; });
}

void runDemo(Cli& cli, const DemoArguments& arguments) {
    const Index shape = parseShape(arguments.shape);
    const fs::path out = fs::absolute(arguments.out);
    const SamplePaths sample = writeSample(out / "sample", arguments.kind, shape, cli.seed.value_or(0), cli.job);
    const fs::path folder = out / "project";
    file::remove(folder);
    const auto project = Project::create(folder, cli.services.opener);
    project->setSeed(cli.seed.value_or(0));
    project->addCase(sample.image.string(), heldOutThird(shape));
    for (const Stage& stage : cli.services.stages) {
        if (stage.id == "plan" && has(stage, "minutes")) project->setOptions(stage, {{"minutes", arguments.minutes}});
        if (stage.id == "evaluate") project->setOptions(stage, {{"truth", sample.truth.string()}});
    }
    RunRequest request{.stages = chainUntil(cli.services.stages, "export")};
    request.device = deviceByName(cli.device);
    request.threads = cli.threads;
    request.finished = [&](const json& row) { cli.say(row, stageText(row)); };
    request.before = [&](const Stage& stage, int round) {
        if (stage.id == "annotate")
            log::info(commitLabels(Artifacts(*project, cli.services.stages), round, {sample.truth.string()}, cli.job)
                          .text()
                          .str());
    };
    project::run(*project, cli.services.stages, request, cli.job);

    const Artifacts artifacts(*project, cli.services.stages);
    const fs::path report = out / "report.html";
    writeDemoReport(report, artifacts, sample.truth, cli.job);
    const json scores =
        file::readJson(*artifacts.newest("scores", "", project->activeRound()) / "scores.json").at("summary");
    cli.say({{"state", "done"},
             {"f1_before", scores.value("f1_before", 0.0)},
             {"f1_after", scores.value("f1_after", 0.0)},
             {"objects", scores.value("objects", 0)},
             {"promoted", scores.value("promoted", true)},
             {"in_use", project->inUse()},
             {"report", report.string()}});
}

}  // namespace

void addDemoCommand(CLI::App& app, Cli& cli) {
    auto arguments = std::make_shared<DemoArguments>();
    CLI::App* command = app.add_subcommand("demo", "The whole loop on an invented volume, with a report");
    command->add_option("--out", arguments->out, "Folder; a project of an earlier demo in it is replaced")
        ->check(notEmpty)
        ->required();
    command->add_option("--kind", arguments->kind, "em or nuclei")
        ->check(CLI::IsMember({"em", "nuclei"}))
        ->capture_default_str();
    command->add_option("--shape", arguments->shape, "z,y,x")->capture_default_str();
    command->add_option("--minutes", arguments->minutes, "Time for learning")
        ->check(CLI::Range(0.01, 1e5))
        ->capture_default_str();
    command->callback([&cli, arguments] { runDemo(cli, *arguments); });
}

}  // namespace fovea::app
