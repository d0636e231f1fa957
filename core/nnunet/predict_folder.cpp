#include "nnunet/predict_folder.h"

#include "base/error.h"
#include "base/file.h"
#include "nnunet/ensemble.h"
#include "nnunet/preprocessed_case.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

namespace {

fs::path probabilitiesBeside(const fs::path& target, const std::string& ending) {
    const std::string name = target.filename().string();
    return target.parent_path() / (name.substr(0, name.size() - ending.size()) + ".npz");
}

std::string readerOfModel(const nn::TrainedModel& model) {
    return model.plans.json().value("image_reader_writer", std::string("SimpleITKIO"));
}

// Preprocesses the images of a case below `work`, or takes what a stopped run left there.
PreparedCase prepared(const Predictor& predictor, const Files& files, const StoredCase& stored,
                      const fs::path& previous, const fs::path& work, Job& job) {
    const fs::path folder = work / "case";
    const ImagePtr labels = previous.empty() ? nullptr : files.open(previous);
    if (!isPreprocessed(folder))
        writePreprocessed(folder, {*stored.image, labels.get(), stored.spacing, {}}, predictor.rule(), job);
    const PreprocessedCase made = openPreprocessed(folder);
    PreparedCase one{made.image, made.properties, work / "logits", {}};
    if (labels)
        one.image = withPreviousStage(made.image, made.labels, predictor.model().dataset.labels.foreground());
    return one;
}

}  // namespace

void predictCase(const Predictor& predictor, const PreparedCase& one, const Files& files, const ImageInfo& like,
                 const fs::path& target, bool saved, Job& job) {
    JobPart sliding(job, 0, 0.8), exporting(job, 0.8, 1);
    predictor.predict(one, sliding, [&](const plan::Prediction& prediction) {
        if (saved)
            saveProbabilities(probabilitiesBeside(target, predictor.model().dataset.fileEnding),
                              plan::exportedProbabilities(prediction, one.properties, predictor.rule(), exporting));
        writeLabelMap(files, target, plan::exportedLabels(prediction, one.properties, predictor.rule(), exporting), like,
                      exporting);
    });
}

std::size_t predictFolder(const Predictor& predictor, const Files& files, const PredictFolderOptions& options,
                          Job& job) {
    const nn::TrainedModel& model = predictor.model();
    const std::string reader = readerOfModel(model), ending = model.dataset.fileEnding;
    if (!model.plans.previousStage(model.configuration).empty() && options.previousStage.empty())
        throw Error(ErrorKind::Input, FOVEA_TR("This model is the second stage of a cascade. Predict with the first "
                                               "stage, and give that folder as --previous-stage."));
    const auto cases = imagesToPredict(options.in, model.dataset, allInOne(reader));
    file::makeFolder(options.out);
    plan::nnunet::writePythonJson(options.out / "plans.json", model.plans.json());
    plan::nnunet::saveDatasetJson(options.out / "dataset.json", model.dataset);

    std::size_t done = 0, predicted = 0;
    for (const auto& [name, images] : cases) {
        const double share = double(done++) / double(cases.size());
        JobPart part(job, share, double(done) / double(cases.size()));
        const fs::path target = options.out / (name + ending), work = options.out / ".work" / name;
        if (options.keep && fs::exists(target)) continue;
        try {
            JobPart preparing(part, 0, 0.1), predicting(part, 0.1, 1);
            const StoredCase stored = openCase(files, images, reader);
            const fs::path previous =
                options.previousStage.empty() ? fs::path() : options.previousStage / (name + ending);
            const PreparedCase one = prepared(predictor, files, stored, previous, work, preparing);
            predictCase(predictor, one, files, stored.image->info(), target, options.saveProbabilities, predicting);
        } catch (Error& error) {
            throw error.context({FOVEA_TR("predicting {name}"), {{"name", name}}});
        }
        file::remove(work);
        ++predicted;
        job.message(MessageLevel::Info, {FOVEA_TR("Predicted {name}"), {{"name", name}}});
    }
    file::remove(options.out / ".work");
    return predicted;
}

}  // namespace fovea::nnunet
