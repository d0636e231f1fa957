#include "stage/nnunet_export.h"

#include <algorithm>

#include "base/file.h"
#include "nn/nnunet_checkpoint.h"
#include "nn/unet.h"
#include "plan/nnunet/dataset_json.h"
#include "plan/planner.h"
#include "stage/network_support.h"
#include "train/targets.h"
#include "zarr/ome_zarr.h"

namespace fovea::stage {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using plan::nnunet::DatasetJson;

namespace {

constexpr const char* ending = ".nii.gz";
constexpr std::uint8_t certain = 255;

// One channel of an image, or with a plan the classes that its labels teach, as an image that writers can read.
class ChannelOf : public ImageSource {
  public:
    ChannelOf(ImagePtr image, int channel) : image_(std::move(image)), channel_(channel), info_(image_->info()) {
        info_.channels = 1;
        info_.channelNames.clear();
        info_.levels.resize(1);
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int, const Box& box, AnyVolume& out) const override {
        image_->read(level, channel_, box, out);
    }

  private:
    ImagePtr image_;
    int channel_;
    ImageInfo info_;
};

class ClassMap : public ImageSource {
  public:
    ClassMap(ImagePtr labels, ImagePtr weight, const Geometry& geometry, train::TargetRule rule)
        : labels_(std::move(labels)), weight_(std::move(weight)), rule_(rule), info_(labels_->info()) {
        info_.dtype = DType::U8;
        info_.geometry = geometry;
        info_.levels.resize(1);
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int, int, const Box& box, AnyVolume& out) const override {
        const Box seen = box.grown(rule_.radius).intersected(Box::of(info_.shape()));
        const auto labels = labels_->readAs<std::int32_t>(seen);
        const auto weight = weight_->readAs<std::uint8_t>(seen);
        Volume<std::uint8_t> classes = train::classTargets(labels, weight, rule_);
        for (std::int64_t i = 0; i < classes.size(); ++i)
            if (weight.data()[i] < certain) classes.data()[i] = std::uint8_t(rule_.classes());  // ignored
        Volume<std::uint8_t> part = crop(classes, box.shifted(Index{} - seen.begin));
        part.geometry = info_.geometry;
        out = AnyVolume::from(part);
    }

  private:
    ImagePtr labels_, weight_;
    train::TargetRule rule_;
    ImageInfo info_;
};

DatasetJson datasetOf(const plan::Plan& plan, const std::vector<std::string>& channels, int cases) {
    ordered_json labels = {{"background", 0}};
    if (plan.boundary)
        labels["interior"] = 1, labels["border"] = 2;
    else
        labels["foreground"] = 1;
    labels["ignore"] = plan.classes();
    ordered_json names;
    for (std::size_t c = 0; c < channels.size(); ++c) names[std::to_string(c)] = channels[c];
    return plan::nnunet::datasetFromJson(
        {{"channel_names", names}, {"labels", labels}, {"numTraining", cases}, {"file_ending", ending}});
}

std::vector<std::string> channelNames(const ImageInfo& info) {
    if (!info.channelNames.empty()) return info.channelNames;
    std::vector<std::string> names;
    for (int c = 0; c < info.channels; ++c) names.push_back("channel " + std::to_string(c));
    return names;
}

// The plan in the unit of the files that are written: mm.
ordered_json plansFor(const fs::path& planFile, const std::string& datasetName) {
    ordered_json plans = file::readOrderedJson(planFile);
    const auto inMm = [](ordered_json& spacing) {
        for (auto& s : spacing) s = s.get<double>() / 1000;
    };
    plans["dataset_name"] = datasetName;
    plans["image_reader_writer"] = "SimpleITKIO";
    inMm(plans.at("original_median_spacing_after_transp"));
    for (auto& [name, entry] : plans.at("configurations").items()) inMm(entry.at("spacing"));
    return plans;
}

void writeModel(const fs::path& folder, const plan::Plan& plan, const fs::path& weights, const ordered_json& plans,
                const DatasetJson& dataset) {
    const nn::UNet unet = networkOf(plan, weights);
    nn::NnUNetCheckpoint checkpoint;
    checkpoint.weights = nn::stateOf(*unet);
    checkpoint.initArgs = {{"plans", plans},
                           {"configuration", plan.configuration},
                           {"fold", "all"},
                           {"dataset_json", plan::nnunet::toJson(dataset)},
                           {"device", "cpu"}};
    checkpoint.mirrorAxes.emplace();
    for (int axis = 0; axis < plan.dims(); ++axis) checkpoint.mirrorAxes->push_back(axis);
    file::makeFolder(folder / "fold_all");
    plan::nnunet::writePythonJson(folder / "plans.json", plans);
    plan::nnunet::saveDatasetJson(folder / "dataset.json", dataset);
    nn::writeNnUNetCheckpoint(folder / "fold_all" / "checkpoint_final.pth", checkpoint);
}

}  // namespace

ExportedDataset exportDataset(const project::Project& project, const project::StageList& stages, const fs::path& raw,
                              const std::optional<fs::path>& models, const nnunet::Files& files, Job& job) {
    const project::Artifacts artifacts(project, stages);
    const int round = project.lastRound();
    const auto planFolder = artifacts.newest("plan", "", round);
    if (!planFolder) throw Error(ErrorKind::Missing, FOVEA_TR("Nothing is planned yet. Run plan first."));
    const plan::Plan plan = plan::loadPlan(*planFolder / "plan.json");
    if (fs::exists(raw))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} exists already. Choose another name, or delete it."), {{"path", raw.string()}}});
    for (const plan::ChannelScheme scheme : plan.schemes)
        if (scheme == plan::ChannelScheme::Percentile)
            job.message(MessageLevel::Warning, FOVEA_TR("This plan scales grey values by percentiles, which official "
                                                        "nnU-Net cannot do: its predictions will differ."));
    const fs::path part = raw.string() + ".part";
    file::remove(part);
    ExportedDataset done{raw, std::nullopt, 0};
    std::vector<std::string> channels;
    const std::vector<std::string> ids = project.caseIds();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::string& id = ids[i];
        job.check();
        job.progress(double(i), double(ids.size()), {FOVEA_TR("Writing {name}"), {{"name", id}}});
        const auto annotations = artifacts.newest("annotations", id, round);
        if (!annotations) continue;
        const ImagePtr image = project.image(id);
        channels = channelNames(image->info());
        file::makeFolder(part / "imagesTr");
        file::makeFolder(part / "labelsTr");
        for (int c = 0; c < image->info().channels; ++c)
            files.writeImage(part / "imagesTr" / plan::nnunet::channelFile(id, std::size_t(c), ending),
                             ChannelOf(image, c), job);
        files.writeLabels(part / "labelsTr" / (id + ending),
                          ClassMap(zarr::open(*annotations / "labels.zarr"), zarr::open(*annotations / "weight.zarr"),
                                   image->info().geometry, {plan.boundary, plan.borderRadius}),
                          job);
        ++done.cases;
    }
    if (done.cases == 0)
        throw Error(ErrorKind::Missing, FOVEA_TR("Nothing is annotated yet. Review objects, then run annotate."));
    const DatasetJson dataset = datasetOf(plan, channels, done.cases);
    plan::nnunet::saveDatasetJson(part / "dataset.json", dataset);
    file::commitFolder(part, raw);
    if (!models) return done;
    const auto weights = weightsIn(artifacts.newest("model", "", round));
    if (!weights) return done;
    done.model = *models / ("nnUNetTrainer__foveaPlans__" + plan.configuration);
    writeModel(*done.model, plan, *weights, plansFor(*planFolder / "plan.json", raw.filename().string()), dataset);
    return done;
}

}  // namespace fovea::stage
