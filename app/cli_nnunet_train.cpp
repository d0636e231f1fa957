// fovea-cli nnunet plan, preprocess, train, predict.
#include "cli_nnunet.h"
#include "data/chunk_cache.h"
#include "nn/device.h"
#include "nnunet/predict_folder.h"
#include "nnunet/prepare_dataset.h"
#include "nnunet/train_fold.h"
#include "nnunet/validate_fold.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;
using nnunet::DatasetFolders;

namespace {

struct PlanArguments {
    std::string dataset, spacing;
    plan::nnunet::PlannerRequest request;
    bool again = false;
};

struct PreprocessArguments {
    std::string dataset, plans = "nnUNetPlans";
    std::vector<std::string> configurations;
    bool again = false;
};

struct TrainArguments {
    std::string dataset, configuration, fold = "0", plans = "nnUNetPlans";
    nnunet::TrainOptions options;
    bool noValidation = false, onlyValidation = false, saveProbabilities = false;
};

struct PredictArguments {
    std::string in, out, model, checkpoint, previous, precision = "auto";
    std::vector<std::string> folds;
    nnunet::PredictOptions options;
    bool noMirroring = false, saveProbabilities = false, keep = false;
};

const CLI::Validator foldName(
    [](const std::string& word) {
        const bool number = word.size() < 4 && word.find_first_not_of("0123456789") == std::string::npos;
        return number || word == "all" ? std::string() : word + " is no fold: give a number or all";
    },
    "");
const CLI::Validator precisions = CLI::IsMember({"auto", "float32", "bfloat16", "float16"});

std::string patchText(const nlohmann::ordered_json& sizes) {
    std::string text;
    for (const auto& size : sizes) text += (text.empty() ? "" : " × ") + std::to_string(size.get<std::int64_t>());
    return text;
}

void runPlan(Cli& cli, const RootsPtr& roots, PlanArguments& a) {
    if (!a.spacing.empty()) a.request.targetSpacing = parseSpacing(a.spacing);
    const DatasetFolders folders(*roots, a.dataset);
    const auto planned = nnunet::planDataset(folders, nnunetFiles(), a.request, a.again, cli.job);
    const auto plans = plan::nnunet::PlansFile::load(planned.plans);
    json line = {{"state", "done"}, {"plans", planned.plans.string()}, {"configurations", json::object()}};
    std::string human = planned.plans.string();
    for (const std::string& name : planned.configurations) {
        const auto entry = plans.configuration(name);
        line["configurations"][name] = {{"patch", entry.at("patch_size")}, {"batch", entry.at("batch_size")}};
        human += "\n  " + name + ": patch " + patchText(entry.at("patch_size")) + ", batch " +
                 std::to_string(entry.at("batch_size").get<std::int64_t>());
    }
    line["choices"] = json::array();
    human += "\nWhy:";
    for (const plan::Choice& choice : planned.choices) {
        line["choices"].push_back({{"what", choice.what}, {"value", choice.value}, {"reason", choice.reason.str()}});
        human += "\n  " + choice.what + ": " + choice.value + ". " + choice.reason.str();
    }
    cli.say(line, human);
}

void runPreprocess(Cli& cli, const RootsPtr& roots, const PreprocessArguments& a) {
    const DatasetFolders folders(*roots, a.dataset);
    nnunet::preprocessDataset(folders, nnunetFiles(), a.plans, a.configurations, a.again, cli.job);
    cli.say({{"state", "done"}, {"folder", folders.preprocessed().string()}}, folders.preprocessed().string());
}

nn::Compute predictCompute(const nn::TrainedModel& model, const Cli& cli, const std::string& device,
                           const std::string& precision) {
    if (precision == "auto") {
        Job quiet;
        return nnunet::fastestCompute(model, device, cli.threads, quiet);
    }
    nn::Compute compute;
    compute.dtype = precision;
    compute.threads = cli.threads > 0 ? cli.threads : nn::hardwareThreads();
    return compute;
}

void validate(Cli& cli, const nnunet::PlannedTask& task, const TrainArguments& a, json& line, std::string& human) {
    nnunet::PredictOptions options;
    options.device = a.options.device;
    options.compute.threads = cli.threads > 0 ? cli.threads : nn::hardwareThreads();
    const nnunet::ValidatedFold done =
        nnunet::validateFold(task, a.fold, nnunetFiles(), options, a.saveProbabilities, cli.job);
    line["validation_dice"] = done.dice;
    line["validation_cases"] = done.cases;
    char text[80];
    std::snprintf(text, sizeof text, "\nvalidation: Dice %.4f over %zu cases", done.dice, done.cases);
    human += text;
}

void runTrain(Cli& cli, const RootsPtr& roots, TrainArguments& a) {
    const nnunet::PlannedTask task(DatasetFolders(*roots, a.dataset), a.plans, a.configuration);
    a.options.device = deviceByName(cli.device);
    a.options.threads = cli.threads;
    a.options.seed = cli.seed.value_or(0);
    json line = {{"state", "done"}, {"folder", nnunet::foldFolder(task, a.fold).string()}};
    std::string human = nnunet::foldFolder(task, a.fold).string();
    if (!a.onlyValidation) {
        const nnunet::TrainedFold done = nnunet::trainFold(task, a.fold, a.options, cli.job);
        line.update({{"epochs", done.epochs},
                     {"train_loss", done.trainLoss},
                     {"validation_loss", done.validationLoss},
                     {"pseudo_dice_average", done.ema},
                     {"stopped_early", done.stoppedEarly},
                     {"seconds_per_iteration", done.secondsPerIteration}});
    }
    if (!a.noValidation) validate(cli, task, a, line, human);
    cli.say(line, human);
}

// Of decoded pieces of files: prediction reads everything once, from front to back.
constexpr std::uint64_t predictCacheBytes = 128 << 20;

void runPredict(Cli& cli, const PredictArguments& a) {
    ChunkCache::shared()->setBudget(predictCacheBytes);
    const nn::TrainedModel model = nn::loadTrainedModel(a.model, a.folds, a.checkpoint);
    nnunet::PredictOptions options = a.options;
    options.mirror = !a.noMirroring;
    options.device = deviceByName(cli.device);
    options.compute = predictCompute(model, cli, options.device, a.precision);
    const nnunet::Predictor predictor(model, options);
    const std::size_t cases = nnunet::predictFolder(predictor, nnunetFiles(),
                                                    {a.in, a.out, a.previous, a.saveProbabilities, a.keep}, cli.job);
    cli.say({{"state", "done"}, {"folder", fs::absolute(a.out).string()}, {"cases", cases}, {"folds", model.folds}},
            a.out);
}

void addPlan(CLI::App& group, Cli& cli, const RootsPtr& roots) {
    const auto a = std::make_shared<PlanArguments>();
    CLI::App* command = group.add_subcommand("plan", "Measures a raw data set and plans networks for it");
    command->add_option("dataset", a->dataset, "Name or number of the data set")->check(notEmpty)->required();
    command->add_option("--planner", a->request.planner, "ExperimentPlanner, nnUNetPlannerResEncM, …")
        ->capture_default_str();
    command->add_option("--plans-name", a->request.plansName, "Name of the plans; empty = the planner's own");
    command->add_option("--gpu-memory", a->request.gpuGigabytes,
                        "GB that a network may need; none = the planner's own");
    command->add_option("--spacing", a->spacing, "Target spacing, z,y,x in the unit of the files");
    command->add_flag("--keep-axes", a->request.keepAxes, "Leave the axes as they are stored");
    command->add_flag("--again", a->again, "Measure even what was measured");
    command->callback([&cli, roots, a] { runPlan(cli, roots, *a); });
}

void addPreprocess(CLI::App& group, Cli& cli, const RootsPtr& roots) {
    const auto a = std::make_shared<PreprocessArguments>();
    CLI::App* command = group.add_subcommand("preprocess", "Makes what training reads from a planned data set");
    command->add_option("dataset", a->dataset, "Name or number of the data set")->check(notEmpty)->required();
    command->add_option("--plans", a->plans, "Name of the plans")->capture_default_str();
    command->add_option("--configurations", a->configurations, "2d, 3d_fullres, …; none = all that there are");
    command->add_flag("--again", a->again, "Even cases that are there");
    command->callback([&cli, roots, a] { runPreprocess(cli, roots, *a); });
}

void addTrain(CLI::App& group, Cli& cli, const RootsPtr& roots) {
    const auto a = std::make_shared<TrainArguments>();
    CLI::App* command = group.add_subcommand("train", "Trains one fold and predicts its validation cases");
    command->add_option("dataset", a->dataset, "Name or number of the data set")->check(notEmpty)->required();
    command->add_option("configuration", a->configuration, "2d, 3d_fullres, …")->check(notEmpty)->required();
    command->add_option("fold", a->fold, "A number, or all")->check(notEmpty)->check(foldName)->required();
    command->add_option("--plans", a->plans, "Name of the plans")->capture_default_str();
    nnunet::TrainOptions& o = a->options;
    command->add_option("--epochs", o.epochs)->check(CLI::Range(1, 100000))->capture_default_str();
    command->add_option("--iterations", o.iterations, "Iterations of an epoch")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->add_option("--validation-iterations", o.validationIterations, "Batches that an epoch is judged by")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->add_option("--learning-rate", o.learningRate)->check(CLI::PositiveNumber)->capture_default_str();
    command->add_option("--ema", o.ema, "Average the weights with this decay, as 0.999; 0 = as nnU-Net, not")
        ->check(CLI::Range(0.0, 0.999999))
        ->capture_default_str();
    command
        ->add_option("--patience", o.patience, "Stop when the pseudo Dice has not risen for so many epochs; 0 = never")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str();
    command->add_option("--pictures-every", o.picturesEvery, "Epochs between pictures of a patch (samples/); 0 = none")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str();
    command->add_option("--precision", o.precision, "auto = what is fastest here")
        ->check(precisions)
        ->capture_default_str();
    command->add_option("--loader-threads", o.loaderThreads, "Threads that make patches; without it as many as keep up")
        ->check(CLI::Range(0, 64));
    command->add_option("--pretrained", o.pretrained, "Weights to start from; heads start afresh")
        ->check(CLI::ExistingFile);
    command->add_flag("--continue", o.resume, "Go on with a training that was stopped, here or by nnU-Net");
    command->add_flag("--no-validation", a->noValidation, "Train only");
    command->add_flag("--only-validation", a->onlyValidation, "Predict the validation cases of a trained fold");
    command->add_flag("--save-probabilities", a->saveProbabilities, "Of the validation cases, for ensembles");
    command->callback([&cli, roots, a] { runTrain(cli, roots, *a); });
}

void addPredict(CLI::App& group, Cli& cli) {
    const auto a = std::make_shared<PredictArguments>();
    CLI::App* command = group.add_subcommand("predict", "Label maps of a folder of images");
    command->add_option("--in", a->in, "Folder of <case>_0000.<ending>, …")->check(CLI::ExistingDirectory)->required();
    command->add_option("--out", a->out, "Folder of label maps")->check(notEmpty)->required();
    command->add_option("--model", a->model, "Folder with plans.json and fold_0, fold_1, …")
        ->check(CLI::ExistingDirectory)
        ->required();
    command->add_option("--folds", a->folds, "0 1 … or all; none = all that there are");
    command->add_option("--checkpoint", a->checkpoint, "checkpoint_final.pth or checkpoint_best.pth");
    command->add_option("--previous-stage", a->previous, "Label maps of a cascade's first stage")
        ->check(CLI::ExistingDirectory);
    command->add_option("--step", a->options.step, "Between windows, of a patch")
        ->check(CLI::Range(0.05, 1.0))
        ->capture_default_str();
    command->add_option("--precision", a->precision, "auto = what is fastest here")
        ->check(precisions)
        ->capture_default_str();
    command->add_flag("--no-mirroring", a->noMirroring, "Faster, a little worse");
    command->add_flag("--half-sums", a->options.halfSums,
                      "Add windows up in float16 as nnU-Net does: its rounding at the image's corners, less memory");
    command->add_flag("--save-probabilities", a->saveProbabilities, "For ensembles");
    command->add_flag("--continue", a->keep, "Leave label maps that are there as they are");
    command->callback([&cli, a] { runPredict(cli, *a); });
}

}  // namespace

void addNnunetTraining(CLI::App& group, Cli& cli, const RootsPtr& roots) {
    addPlan(group, cli, roots);
    addPreprocess(group, cli, roots);
    addTrain(group, cli, roots);
    addPredict(group, cli);
}

}  // namespace fovea::app
