#include "nnunet/predictor.h"

#include "base/error.h"
#include "nn/device.h"
#include "nnunet/logits_file.h"

namespace fovea::nnunet {

namespace {

class WithPreviousStage : public ImageSource {
  public:
    WithPreviousStage(ImagePtr image, ImagePtr labels, std::vector<std::int32_t> classes)
        : image_(std::move(image)), labels_(std::move(labels)), classes_(std::move(classes)), info_(image_->info()) {
        info_.channels += int(classes_.size());
        info_.channelNames.clear();
        info_.levels.resize(1);
        if (!(labels_->info().shape() == info_.shape()))
            throw Error(ErrorKind::Input,
                        {FOVEA_TR("The earlier stage's labels {path} are {a} voxels on the network's grid, the image "
                                  "is {b}. Predict them for this image."),
                         {{"path", labels_->info().path},
                          {"a", toString(labels_->info().shape())},
                          {"b", toString(info_.shape())}}});
    }
    const ImageInfo& info() const override { return info_; }
    using ImageSource::read;
    void read(int level, int channel, const Box& box, AnyVolume& out) const override {
        const int own = image_->info().channels;
        if (channel < own) return image_->read(level, channel, box, out);
        const auto labels = labels_->readAs<std::int32_t>(box);
        Volume<float> mask(labels.shape());
        for (std::int64_t i = 0; i < mask.size(); ++i)
            mask.data()[i] = labels.data()[i] == classes_[std::size_t(channel - own)];
        out = AnyVolume::from(mask);
    }

  private:
    ImagePtr image_, labels_;
    std::vector<std::int32_t> classes_;
    ImageInfo info_;
};

constexpr std::int64_t windowsAtOnce = 4;  // on a GPU, which one alone does not fill

infer::WindowOptions windowsOf(const nn::TrainedModel& model, const PredictOptions& options) {
    const auto configuration = model.plans.configuration(model.configuration);
    const auto patch = configuration.at("patch_size").get<std::vector<std::int64_t>>();
    infer::WindowOptions windows;
    windows.dims = int(patch.size());
    windows.patch = {windows.dims == 3 ? patch[0] : 1, patch[patch.size() - 2], patch.back()};
    windows.step = options.step;
    windows.halfSums = options.halfSums;
    if (options.mirror) windows.mirrorAxes = {model.mirrorAxes.begin(), model.mirrorAxes.end()};
    // The images come normalised.
    windows.norms.assign(std::size_t(model.plans.inputChannels(model.configuration, model.dataset)),
                         {-1e300, 1e300, 0, 1});
    windows.device = options.device;
    if (nn::findDevice(options.device).gpu) windows.batch = windowsAtOnce;
    windows.compute = options.compute;
    return windows;
}

}  // namespace

nn::Compute fastestCompute(const nn::TrainedModel& model, const std::string& device, int threads, Job& job) {
    const auto patch = model.plans.configuration(model.configuration).at("patch_size").get<std::vector<std::int64_t>>();
    return nn::chooseCompute(model.networks.front()->topology(), patch, 1, false, device, threads, job).compute;
}

ImagePtr withPreviousStage(ImagePtr image, ImagePtr labels, std::vector<std::int32_t> classes) {
    return std::make_shared<WithPreviousStage>(std::move(image), std::move(labels), std::move(classes));
}

Predictor::Predictor(const nn::TrainedModel& model, PredictOptions options)
    : model_(model),
      options_(std::move(options)),
      rule_(plan::preprocessRule(nlohmann::json(model.plans.json()), model.configuration)),
      windows_(windowsOf(model, options_)) {
    std::vector<infer::Network> folds;
    for (const nn::UNet& network : model.networks)
        folds.push_back(infer::networkOf(network, options_.device, options_.compute));
    network_ = infer::meanOf(std::move(folds));
}

void Predictor::predict(const PreparedCase& one, Job& job,
                        const std::function<void(const plan::Prediction&)>& f) const {
    const std::int64_t outputs = model_.dataset.labels.outputs();
    const Index shape = one.image->info().shape();
    const Box all = Box::of(shape);
    LogitsFile logits(one.scratch, shape, outputs,
                      infer::planeTiles(all, windows_, std::size_t(outputs), options_.memoryBytes),
                      {{"windows", infer::toJson(windows_)}, {"case", one.key}});
    for (std::size_t t = 0; t < logits.tiles().size(); ++t) {
        JobPart part(job, double(t) / double(logits.tiles().size()), double(t + 1) / double(logits.tiles().size()));
        const std::int64_t done = logits.sections(t);
        if (done == shape.z) continue;
        infer::slideWindows(
            *one.image, all, logits.tiles()[t], network_, windows_, [&](std::int64_t z) { return z >= done; },
            [&](std::int64_t, const at::Tensor& section) {
                logits.append(section.to(at::kCPU, at::kFloat).contiguous());
            },
            part);
    }
    f({shape, int(outputs),
       [&](int output, std::int64_t begin, std::int64_t end, float* out) { logits.read(output, begin, end, out); },
       model_.dataset.labels.hasRegions() ? model_.dataset.labels.regionsClassOrder() : std::vector<std::int32_t>()});
    logits.remove();
}

Volume<std::uint16_t> labelsForNextStage(const plan::Prediction& prediction, const plan::CaseProperties& properties,
                                         const plan::PreprocessRule& rule, Index shape, Vec3 spacing, Job& job) {
    plan::PreprocessRule direct = rule;
    direct.order = {};
    const Vec3 current = rule.target(properties.spacing);
    direct.spacing = {current.z, current.y, current.x};
    plan::CaseProperties next;
    next.spacing = spacing;
    next.wholeShape = shape;
    next.crop = Box::of(shape);
    return plan::exportedLabels(prediction, next, direct, job);
}

}  // namespace fovea::nnunet
