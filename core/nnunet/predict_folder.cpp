#include "nnunet/predict_folder.h"

#include "base/error.h"
#include "base/file.h"
#include "nnunet/preprocessed_case.h"
#include "nnunet/probabilities.h"
#include "nnunet/properties_file.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;

namespace {

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
    if (labels) one.image = withPreviousStage(made.image, made.labels, predictor.model().dataset.labels.foreground());
    return one;
}

}  // namespace

void exportCase(const Predictor& predictor, const plan::Prediction& prediction, const plan::CaseProperties& properties,
                const Files& files, const ImageInfo& like, const fs::path& folder, const std::string& name,
                bool withProbabilities, Job& job) {
    if (withProbabilities) {
        saveProbabilities(probabilitiesPath(folder, name),
                          plan::exportedProbabilities(prediction, properties, predictor.rule(), job));
        saveProperties(propertiesPath(folder, name), like, readerOfModel(predictor.model()), properties);
    }
    writeLabelMap(files, folder / (name + predictor.model().dataset.fileEnding),
                  plan::exportedLabelMap(prediction, properties, predictor.rule(), job), like, job);
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
            JobPart preparing(part, 0, 0.1), predicting(part, 0.1, 0.9);
            const StoredCase stored = openCase(files, images, reader);
            const fs::path previous =
                options.previousStage.empty() ? fs::path() : options.previousStage / (name + ending);
            const PreparedCase one = prepared(predictor, files, stored, previous, work, preparing);
            JobPart exporting(part, 0.9, 1);
            predictor.predict(one, predicting, [&](const plan::Prediction& prediction) {
                exportCase(predictor, prediction, one.properties, files, stored.image->info(), options.out, name,
                           options.saveProbabilities, exporting);
            });
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
