// fovea-cli simulate: a robot in a person's place, to measure how many clicks an engine needs.
#include <algorithm>

#include "cli.h"
#include "data/described_image.h"
#include "models/weights.h"
#include "stage/given_labels.h"
#include "stage/simulate_prompts.h"

namespace fovea::app {

using nlohmann::json;

namespace {

struct Arguments {
    std::string image, truth, engine, weights, spacing;
    stage::PromptSimulation simulation;
};

ImagePtr imageOf(const Arguments& arguments) {
    ImagePtr image = openImage(arguments.image, 0, {});
    if (arguments.spacing.empty()) return image;
    ImageInfo info = image->info();
    info.geometry.spacing = parseSpacing(arguments.spacing);
    info.geometry.known = true;
    return describedAs(image, info);
}

std::shared_ptr<const segment::PromptEngine> engineOf(const Cli& cli, const Arguments& arguments) {
    const std::string& id = arguments.engine;
    if (id != "sam" && !arguments.weights.empty())
        throw UsageError(FOVEA_TR("Weights are for the prompt engine sam alone. Add --engine sam."));
    if (id == "sam") {
        const auto weights = models::findWeights(arguments.weights, models::Role::Prompts);
        return stage::samEngine({weights.model, weights.title, cli.device, cli.threads});
    }
    if (id.empty() || id == segment::geodesicEngine()->id()) return segment::geodesicEngine();
    throw UsageError({FOVEA_TR("There is no prompt engine {id}. There are geodesic, and sam with a model's weights."),
                      {{"id", id}}});
}

void simulate(Cli& cli, const Arguments& arguments) {
    const ImagePtr image = imageOf(arguments);
    const auto engine = engineOf(cli, arguments);
    const Volume<std::int32_t> truth = stage::givenLabels(*openImage(arguments.truth, 0, {}), image->info().shape());
    stage::PromptSimulation simulation = arguments.simulation;
    simulation.seed = cli.seed.value_or(0);
    const auto say = [&](std::int32_t id, const segment::RobotRun& run) {
        cli.say({{"object", id},
                 {"clicks", run.clicks()},
                 {"reached", run.reached},
                 {"iou", run.iou},
                 {"strayed", run.strayed}});
    };
    const stage::PromptScores scores = stage::simulatePrompts(*engine, *image, truth, simulation, say, cli.job);
    cli.say({{"state", "done"},
             {"objects", scores.objects},
             {"median_clicks", scores.medianClicks},
             {"mean_clicks", scores.meanClicks},
             {"failures", scores.failures},
             {"strayed", scores.strayed}});
}

}  // namespace

void addSimulateCommands(CLI::App& app, Cli& cli) {
    CLI::App* robot = app.add_subcommand("simulate", "A robot in a person's place, to measure engines");
    robot->require_subcommand(1);
    auto s = std::make_shared<Arguments>();
    CLI::App* prompts = robot->add_subcommand(
        "prompts", "Clicks into the largest error until an object is good; says how many clicks that takes");
    prompts->add_option("image", s->image, "Image")->check(notEmpty)->required();
    prompts->add_option("truth", s->truth, "Labels of its true objects")->check(notEmpty)->required();
    prompts
        ->add_option("--start", s->simulation.start,
                     "What there is before the first click; pseudo: the classical engine's proposal")
        ->check(CLI::IsMember(stage::startNames()))
        ->capture_default_str();
    prompts->add_option("--engine", s->engine, "Prompt engine: geodesic (otherwise), or sam");
    prompts
        ->add_option("--weights", s->weights,
                     "Checkpoint of Segment Anything, MobileSAM or micro-sam for the engine sam: "
                     "a file or a model's name")
        ->check(notEmpty);
    prompts->add_option("--objects", s->simulation.objects, "At most so many objects, drawn by --seed")
        ->capture_default_str();
    prompts->add_option("--min-voxels", s->simulation.minVoxels, "Smaller ones are left out")->capture_default_str();
    prompts->add_option("--wanted", s->simulation.rules.wanted, "IoU that is good enough")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    prompts->add_option("--clicks", s->simulation.rules.mostClicks, "Clicks after which an object counts as failed")
        ->check(notNegative)
        ->capture_default_str();
    prompts->add_option("--spacing", s->spacing, "z,y,x in µm where the file does not say it");
    prompts->callback([&cli, s] { simulate(cli, *s); });
}

}  // namespace fovea::app
