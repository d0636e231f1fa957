#include "stage/model_objects.h"

#include "base/file.h"
#include "measure/components.h"
#include "measure/object_stats.h"
#include "nnunet/files.h"
#include "nnunet/predictor.h"
#include "nnunet/preprocessed_case.h"
#include "stage/network_support.h"

namespace fovea::stage {

namespace fs = std::filesystem;

namespace {

void checkFits(const nn::TrainedModel& model, const fs::path& folder, const ImageSource& image) {
    if (!model.plans.previousStage(model.configuration).empty())
        throw Error(ErrorKind::Input, {FOVEA_TR("{path} is the second stage of a cascade, which looks at the first "
                                                "one's result. Choose the folder of 3d_fullres or 2d."),
                                       {{"path", folder.string()}}});
    if (std::size_t(image.info().channels) != model.dataset.channelNames.size())
        throw Error(ErrorKind::Input, {FOVEA_TR("The model in {model} was trained on {want} channels, {path} has {n}. "
                                                "Choose another model."),
                                       {{"model", folder.string()},
                                        {"want", std::to_string(model.dataset.channelNames.size())},
                                        {"path", image.info().path},
                                        {"n", std::to_string(image.info().channels)}}});
}

nnunet::PredictOptions optionsFor(const project::StageContext& context, const nn::TrainedModel& model, bool mirror,
                                  Job& job) {
    nnunet::PredictOptions options;
    options.mirror = mirror;
    options.device = deviceOf(context);
    options.compute = nnunet::fastestCompute(model, options.device, context.threads, job);
    return options;
}

// Objects of the label map, each with the mean probability of its class.
ModelObjects objectsIn(const nnunet::Predictor& predictor, const plan::Prediction& prediction,
                       const plan::CaseProperties& properties, Job& job) {
    const Volume<std::uint16_t> map = plan::exportedLabels(prediction, properties, predictor.rule(), job);
    measure::Components components = measure::connectedComponents(map, 26, true, job);
    ModelObjects found;
    std::vector<double> sums(components.sizes.size() + 1);
    std::vector<std::uint16_t> classOf(sums.size());
    for (std::int64_t i = 0; i < map.size(); ++i) classOf[std::size_t(components.labels.data()[i])] = map.data()[i];
    // Output k stands for label k, or for the k-th region's label.
    const auto labelOf = [&](int channel) {
        return prediction.regionLabels.empty() ? std::int32_t(channel) : prediction.regionLabels[std::size_t(channel)];
    };
    plan::exportProbabilities(
        prediction, properties, predictor.rule(),
        [&](int channel, const Box& box, const Volume<float>& probabilities) {
            const Volume<std::int32_t> ids = crop(components.labels, box);
            for (std::int64_t i = 0; i < ids.size(); ++i)
                if (const auto id = std::size_t(ids.data()[i]); id > 0 && classOf[id] == labelOf(channel))
                    sums[id] += probabilities.data()[i];
        },
        job);
    for (const measure::ObjectStats& s : measure::objectStats(components.labels, nullptr, job))
        found.objects.push_back({std::int32_t(s.id), sums[std::size_t(s.id)] / double(s.voxels), s.box, s.voxels});
    found.labels = std::move(components.labels);
    return found;
}

}  // namespace

ModelObjects objectsOfModel(const project::StageContext& context, const fs::path& folder, const ImagePtr& image,
                            bool mirror, Job& job) {
    const nn::TrainedModel model = nn::loadTrainedModel(folder);
    checkFits(model, folder, *image);
    const nnunet::Predictor predictor(model, optionsFor(context, model, mirror, job));
    const fs::path work = context.output() / "model";
    const auto reader = model.plans.json().value("image_reader_writer", std::string("SimpleITKIO"));
    JobPart preparing(job, 0, 0.1), predicting(job, 0.1, 0.8), exporting(job, 0.8, 1);
    if (!nnunet::isPreprocessed(work / "case"))
        nnunet::writePreprocessed(work / "case", {*image, nullptr, nnunet::spacingAsRead(image->info(), reader), {}},
                                  predictor.rule(), preparing);
    const nnunet::PreprocessedCase stored = nnunet::openPreprocessed(work / "case");
    ModelObjects found;
    predictor.predict({stored.image, stored.properties, work / "logits", {}}, predicting,
                      [&](const plan::Prediction& prediction) {
                          found = objectsIn(predictor, prediction, stored.properties, exporting);
                      });
    file::remove(work);
    return found;
}

}  // namespace fovea::stage
