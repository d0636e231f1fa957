#include "nnunet/validate_fold.h"

#include "base/error.h"
#include "base/file.h"
#include "nnunet/evaluate.h"
#include "nnunet/predict_folder.h"
#include "nnunet/preprocessed_case.h"
#include "nnunet/train_fold.h"
#include "zarr/ome_zarr.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

namespace {

struct NextStage {
    std::string configuration;
    plan::PreprocessRule rule;
    fs::path cases, labels;  // preprocessed cases of it; where it looks for this stage's labels
};

std::vector<NextStage> nextStages(const PlannedTask& task) {
    std::vector<NextStage> stages;
    for (const std::string& name : task.plans.nextStages(task.configuration))
        stages.push_back({name, plan::preprocessRule(nlohmann::json(task.plans.json()), name),
                          casesFolder(task.folders, task.plans, name),
                          task.folders.model(task.plansName, task.configuration) / "predicted_next_stage" / name});
    return stages;
}

void writeForNextStage(const NextStage& next, const std::string& name, const plan::Prediction& prediction,
                       const plan::CaseProperties& properties, const plan::PreprocessRule& rule, Job& job) {
    if (!isPreprocessed(next.cases / name)) {
        job.message(MessageLevel::Warning,
                    {FOVEA_TR("{name} is not preprocessed for {configuration}: nothing is left for it to learn from."),
                     {{"name", name}, {"configuration", next.configuration}}});
        return;
    }
    const PreprocessedCase wanted = openPreprocessed(next.cases / name);
    const Vec3 spacing = next.rule.target(wanted.properties.spacing);
    const Volume<std::uint16_t> labels =
        labelsForNextStage(prediction, properties, rule, wanted.labels->info().shape(), spacing, job);
    file::makeFolder(next.labels);
    const fs::path path = next.labels / (name + ".zarr");
    file::remove(path);
    zarr::save(path, labels, true);
}

}  // namespace

ValidatedFold validateFold(const PlannedTask& task, const std::string& fold, const Files& files,
                           const PredictOptions& options, bool saveProbabilities, Job& job) {
    const fs::path folder = foldFolder(task, fold), target = folder / "validation";
    const nn::TrainedModel model = nn::loadTrainedModel(folder.parent_path(), {fold}, "checkpoint_final.pth");
    const Predictor predictor(model, options);
    const plan::nnunet::Fold split = chooseFold(task, fold, job);
    const std::vector<NextStage> next = nextStages(task);
    const fs::path references = task.folders.preprocessed() / "gt_segmentations";
    const std::string ending = task.dataset.fileEnding;
    file::makeFolder(target);
    JobPart predicting(job, 0, 0.9), scoring(job, 0.9, 1);
    for (std::size_t i = 0; i < split.validation.size(); ++i) {
        JobPart part(predicting, double(i) / double(split.validation.size()),
                     double(i + 1) / double(split.validation.size()));
        const std::string& name = split.validation[i];
        const PreprocessedCase stored = openPreprocessed(task.cases() / name);
        PreparedCase one{stored.image, stored.properties, folder / ".work" / name, {}};
        if (const fs::path previous = task.previousLabels(); !previous.empty())
            one.image =
                withPreviousStage(stored.image, zarr::open(previous / (name + ".zarr")), task.previousClasses());
        const ImageInfo like = files.open(references / (name + ending))->info();
        predictor.predict(one, part, [&](const plan::Prediction& prediction) {
            exportCase(predictor, prediction, stored.properties, files, like, target, name, saveProbabilities, part);
            for (const NextStage& stage : next)
                writeForNextStage(stage, name, prediction, stored.properties, predictor.rule(), part);
        });
    }
    file::remove(folder / ".work");
    const ScoredClasses scored = scoredClasses(task.dataset.labels);
    const ComparedFolders compared =
        inBoxes(compareFolders(references, target, ending, true, scoring), split.validationBoxes);
    const measure::LabelSummary summary = evaluate(files, compared, scored, scoring);
    writeSummary(target / "summary.json", summary, compared, scored);
    return {summary.foreground.dice, split.validation.size()};
}

}  // namespace fovea::nnunet
