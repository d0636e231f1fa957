// fovea-cli nnunet evaluate, postprocess, ensemble, crossval, best: what follows predictions.
#include <cmath>
#include <iomanip>
#include <sstream>
#include "base/file.h"

#include "base/parallel.h"
#include "cli_nnunet.h"
#include "nnunet/best_configuration.h"
#include "nnunet/ensemble.h"
#include "nnunet/postprocess.h"

namespace fovea::app {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct Arguments {
    std::string reference, prediction, in, out, rule, datasetJson, dataset, configuration, trainer = "nnUNetTrainer";
    std::vector<std::string> folders, configurations;
    std::vector<std::string> plans{"nnUNetPlans"};
    std::vector<int> folds;
    bool partial = false, save = false, noEnsemble = false;
};

json number(double value) { return std::isnan(value) ? json() : json(value); }

std::string scoreText(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(4) << value;
    return std::isnan(value) ? "none" : text.str();
}

// Mean Dice of the foreground and of each class.
void sayScores(const Cli& cli, const measure::LabelSummary& summary, const nnunet::ScoredClasses& scored, json line) {
    line["state"] = "done";
    line["cases"] = summary.byCase.size();
    line["foreground_dice"] = number(summary.foreground.dice);
    std::string text = std::to_string(summary.byCase.size()) + " cases  Dice " + scoreText(summary.foreground.dice);
    for (std::size_t c = 0; c < scored.names.size(); ++c) {
        line["dice"][scored.names[c]] = number(summary.mean[c].dice);
        text.append("\n    ").append(scored.names[c]).append("  ").append(scoreText(summary.mean[c].dice));
    }
    cli.say(line, text);
}

void sayDone(const Cli& cli, const std::string& out) {
    cli.say({{"state", "done"}, {"path", fs::absolute(out).string()}}, out);
}

// The one that was named, else the one that predicting leaves beside its label maps.
plan::nnunet::DatasetJson datasetOf(const Arguments& a, const fs::path& predictions) {
    if (!a.datasetJson.empty()) return plan::nnunet::loadDatasetJson(a.datasetJson);
    if (!fs::exists(predictions / "dataset.json"))
        throw Error(ErrorKind::Missing,
                    {FOVEA_TR("There is no dataset.json in {folder}. Name one with --dataset-json."),
                     {{"folder", predictions.string()}}});
    return plan::nnunet::loadDatasetJson(predictions / "dataset.json");
}

// What was made of these label maps can be worked on as they can.
void carryDescription(const fs::path& from, const fs::path& to) {
    if (fs::equivalent(from, to)) return;
    for (const char* name : {"plans.json", "dataset.json"})
        if (fs::exists(from / name)) file::copy(from / name, to / name);
}

void runEvaluate(Cli& cli, const Arguments& a) {
    const auto dataset = datasetOf(a, a.prediction);
    const auto scored = nnunet::scoredClasses(dataset.labels);
    const auto compared = nnunet::compareFolders(a.reference, a.prediction, dataset.fileEnding, a.partial, cli.job);
    const auto summary = nnunet::evaluate(nnunetFiles(), compared, scored, cli.job);
    const fs::path out = a.out.empty() ? fs::path(a.prediction) / "summary.json" : fs::path(a.out);
    nnunet::writeSummary(out, summary, compared, scored);
    sayScores(cli, summary, scored, {{"summary", fs::absolute(out).string()}});
}

void runPostprocess(Cli& cli, const Arguments& a) {
    const auto dataset = datasetOf(a, a.in);
    nnunet::postprocess(nnunetFiles(), a.in, a.out, dataset.fileEnding, nnunet::loadPostprocessing(a.rule), cli.job);
    carryDescription(a.in, a.out);
    sayDone(cli, a.out);
}

void runEnsemble(Cli& cli, const Arguments& a) {
    const std::vector<fs::path> folders(a.folders.begin(), a.folders.end());
    nnunet::ensemble(nnunetFiles(), folders, a.out, datasetOf(a, folders.front()), a.save, cli.job);
    carryDescription(folders.front(), a.out);
    sayDone(cli, a.out);
}

void runCrossval(Cli& cli, const Arguments& a, const nnunet::Roots& roots) {
    const nnunet::DatasetFolders dataset(roots, a.dataset);
    const nnunet::Files files = nnunetFiles();
    const nnunet::Folds folds = a.folds.empty() ? nnunet::allFolds(dataset) : a.folds;
    JobPart collecting(cli.job, 0, 0.4), deciding(cli.job, 0.4, 1);
    const auto crossval = nnunet::collectCrossval(
        files, dataset, dataset.model(a.plans.at(0), a.configuration, a.trainer), folds, collecting);
    const auto chosen = nnunet::decidePostprocessing(files, crossval, deciding);
    sayScores(cli, crossval.summary, crossval.scored,
              {{"folder", crossval.folder.string()},
               {"steps", chosen.steps.size()},
               {"postprocessed_dice", number(chosen.after.foreground.dice)}});
}

std::string bestText(const nnunet::BestConfiguration& found) {
    std::string text;
    for (const nnunet::Candidate& one : found.candidates)
        text.append(scoreText(one.dice())).append("  ").append(one.name).append("\n");
    return text.append("best: ")
        .append(found.chosen().name)
        .append("\npost-processed: ")
        .append(scoreText(found.postprocessing.after.foreground.dice));
}

void runBest(Cli& cli, const Arguments& a, const nnunet::Roots& roots) {
    const nnunet::DatasetFolders dataset(roots, a.dataset);
    nnunet::BestOptions options{.models = {}, .folds = a.folds, .ensembles = !a.noEnsemble};
    for (const std::string& plans : a.plans)
        for (const std::string& configuration : a.configurations)
            options.models.push_back({configuration, plans, a.trainer});
    if (options.models.empty()) options.models = nnunet::trainedModels(dataset, a.plans, a.trainer);
    const auto found = nnunet::findBestConfiguration(nnunetFiles(), dataset, options, cli.job);
    json line = nnunet::inferenceInformation(dataset, found, options.ensembles);
    line["state"] = "done";
    line["path"] = nnunet::informationPath(dataset).string();
    cli.say(line, bestText(found));
}

void addDatasetJson(CLI::App* command, Arguments& a) {
    command
        ->add_option("--dataset-json", a.datasetJson,
                     "dataset.json that names the labels; default: the one beside the predictions")
        ->check(notEmpty);
}

void addDataset(CLI::App* command, Arguments& a) {
    command->add_option("dataset", a.dataset, "Data set: its name or number")->check(notEmpty)->required();
    command->add_option("--folds", a.folds, "Folds that are trained; default: all of the split")->check(notNegative);
    command->add_option("--trainer", a.trainer, "Name of the trainer")->check(notEmpty)->capture_default_str();
}

}  // namespace

void addNnunetScoring(CLI::App& group, Cli& cli, RootsPtr roots) {
    const auto add = [&](const char* name, const char* help, auto run) {
        auto arguments = std::make_shared<Arguments>();
        CLI::App* command = group.add_subcommand(name, help);
        command->callback([&cli, arguments, roots, run] {
            setThreadCount(cli.threads);
            run(*arguments, *roots);
        });
        return std::pair(command, arguments);
    };
    const auto plain = [&cli](auto run) {
        return [&cli, run](const Arguments& a, const nnunet::Roots&) { run(cli, a); };
    };
    const auto withRoots = [&cli](auto run) {
        return [&cli, run](const Arguments& a, const nnunet::Roots& where) { run(cli, a, where); };
    };

    auto [evaluate, e] = add("evaluate", "Scores a folder of label maps against references", plain(runEvaluate));
    evaluate->add_option("reference", e->reference, "Folder of label maps made by people")->check(notEmpty)->required();
    evaluate->add_option("prediction", e->prediction, "Folder of predicted label maps")->check(notEmpty)->required();
    evaluate->add_option("--out", e->out, "Scores; default: summary.json beside the predictions")->check(notEmpty);
    evaluate->add_flag("--partial", e->partial, "Cases without a prediction are left out");
    addDatasetJson(evaluate, *e);

    auto [postprocess, p] =
        add("postprocess", "Keeps the largest components, as a rule file says", plain(runPostprocess));
    postprocess->add_option("--in", p->in, "Folder of predicted label maps")->check(notEmpty)->required();
    postprocess->add_option("--out", p->out, "Folder for the new ones")->check(notEmpty)->required();
    postprocess->add_option("--rule", p->rule, "postprocessing.json or .pkl of a cross-validation")
        ->check(notEmpty)
        ->required();
    addDatasetJson(postprocess, *p);

    auto [ensemble, m] = add("ensemble", "Averages the saved probabilities of several models", plain(runEnsemble));
    ensemble->add_option("folders", m->folders, "Folders of predictions with probabilities")
        ->check(notEmpty)
        ->required();
    ensemble->add_option("--out", m->out, "Folder for the label maps")->check(notEmpty)->required();
    ensemble->add_flag("--save-probabilities", m->save, "Writes the averages, too");
    addDatasetJson(ensemble, *m);

    auto [crossval, c] =
        add("crossval", "Collects and scores what the folds' networks predicted", withRoots(runCrossval));
    addDataset(crossval, *c);
    crossval->add_option("configuration", c->configuration, "2d, 3d_fullres, …")->check(notEmpty)->required();
    crossval->add_option("--plans", c->plans, "Name of the plans")->expected(1)->check(notEmpty)->capture_default_str();

    auto [best, b] = add("best", "Finds the configuration, or the two together, that did best", withRoots(runBest));
    addDataset(best, *b);
    best->add_option("--configurations", b->configurations, "Default: nnU-Net's four, those that are trained")
        ->check(notEmpty);
    best->add_option("--plans", b->plans, "Names of plans")->check(notEmpty)->capture_default_str();
    best->add_flag("--no-ensemble", b->noEnsemble, "Looks at single configurations alone");
}

}  // namespace fovea::app
