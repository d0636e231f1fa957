#include "nnunet/train_fold.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "nn/device.h"
#include "nn/guards.h"
#include "nn/nnunet_checkpoint.h"
#include "nn/torch_errors.h"
#include "nn/unet.h"
#include "nnunet/sample_picture.h"
#include "nnunet/training_log.h"
#include "train/batch_feed.h"
#include "train/loss.h"
#include "train/start_weights.h"

namespace fovea::nnunet {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr std::int64_t latestEvery = 50;  // epochs
const char *const finalName = "checkpoint_final.pth", *const latestName = "checkpoint_latest.pth",
                  *const bestName = "checkpoint_best.pth", *const resumeName = "checkpoint.safetensors",
                  *const logName = "training_log.json", *const computeName = "compute.json";

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

nn::Topology topologyOf(const PlannedTask& task) {
    nn::Topology topology = nn::topologyFromArchitecture(json(task.entry.at("architecture")),
                                                         task.plans.inputChannels(task.configuration, task.dataset),
                                                         task.dataset.labels.outputs());
    topology.check();
    if (topology.stages() < 2)
        throw Error(ErrorKind::Input, FOVEA_TR("These images are too small for a network: its plan has one stage and "
                                               "nothing to learn with. Use larger images."));
    return topology;
}

train::FoldSamplerOptions samplerOptions(const PlannedTask& task, bool training, std::uint64_t seed) {
    train::FoldSamplerOptions options;
    options.patch = task.patch;
    options.dims = task.dims;
    options.batch = task.batch;
    options.seed = seed;
    if (training) options.augment = train::AugmentOptions::nnunet(task.patch, task.dims);
    if (const auto ignore = task.dataset.labels.ignore()) options.ignore = std::int16_t(*ignore);
    for (const auto& channel : plan::preprocessRule(json(task.plans.json()), task.configuration).channels)
        options.masked.push_back(channel.onlyMask);
    for (const std::int32_t one : task.previousClasses()) options.previousClasses.push_back(std::int16_t(one));
    return options;
}

nn::Compute computeFor(const PlannedTask& task, const nn::Topology& topology, const TrainOptions& options,
                       const fs::path& folder, Job& job) {
    if (options.precision != "auto") {
        nn::Compute compute;
        compute.dtype = options.precision;
        compute.threads = options.threads > 0 ? options.threads : nn::hardwareThreads();
        return compute;
    }
    // Chosen once: a resumed run must compute as before.
    if (options.resume && fs::exists(folder / computeName))
        return nn::computeFromJson(file::readJson(folder / computeName));
    const auto patch = task.entry.at("patch_size").get<std::vector<std::int64_t>>();
    const nn::Compute compute =
        nn::chooseCompute(topology, patch, task.batch, true, options.device, options.threads, job).compute;
    file::writeJson(folder / computeName, nn::toJson(compute));
    return compute;
}

// The network, what it learns from, and nnU-Net's loss.
class Training {
  public:
    Training(const PlannedTask& task, const std::string& fold, const TrainOptions& options, Job& job)
        : task_(task),
          options_(options),
          fold_(fold),
          folder_(foldFolder(task, fold)),
          job_(job),
          topology_(topologyOf(task)),
          compute_(computeFor(task, topology_, options, folder_, job)),
          split_(chooseFold(task, fold, job)),
          training_(foldCases(task, split_, false), samplerOptions(task, true, options.seed)),
          validation_(foldCases(task, split_, true), samplerOptions(task, false, options.seed + 1)),
          feed_(training_, options.loaderThreads, task.dims, options.device, compute_),
          validationFeed_(validation_, options.loaderThreads, task.dims, options.device, compute_),
          unet_(topology_, options.seed) {
        loss_.batchDice = task.entry.value("batch_dice", true);
        loss_.regions = task.dataset.labels.hasRegions();
        headWeights_ = train::deepSupervisionWeights(topology_.stages());
        loop_ = train::LoopOptions::nnunet(options.epochs);
        loop_.epoch = options.iterations;
        loop_.iterations = options.epochs * options.iterations;
        loop_.batch = task.batch;
        loop_.learningRate = options.learningRate;
        loop_.ema = options.ema;
        loop_.scaleLoss = compute_.dtype == "float16";
    }

    TrainedFold run();

  private:
    json identity() const;
    void takeOver();
    void startFromCheckpoint(const fs::path& path);
    at::Tensor lossOf(const train::Batch& batch, std::vector<at::Tensor>* heads = nullptr);
    std::vector<at::Tensor> targetsOf(const at::Tensor& labels, const std::vector<at::Tensor>& heads) const;
    void validate(EpochFigures& figures, std::int64_t epoch);
    bool endEpoch(std::int64_t iteration, double loss, const train::Optimizer& optimizer);
    bool waitedEnough() const { return options_.patience > 0 && log_.sinceBest() >= std::size_t(options_.patience); }
    void drawSample(std::int64_t epoch);
    void write(const char* name, const train::Optimizer& optimizer) const;

    const PlannedTask& task_;
    const TrainOptions& options_;
    const std::string fold_;
    const fs::path folder_;
    Job& job_;
    nn::Topology topology_;
    nn::Compute compute_;
    plan::nnunet::Fold split_;
    train::FoldSampler training_, validation_;
    train::BatchFeed feed_, validationFeed_;
    nn::UNet unet_;
    train::LossOptions loss_;
    std::vector<double> headWeights_;
    train::LoopOptions loop_;

    TrainingLog log_;
    double epochBegan_ = 0, seconds_ = 0;
    std::int64_t steps_ = 0;
};

json Training::identity() const {
    return {{"network", nn::toJson(topology_)},
            {"seed", options_.seed},
            {"fold", fold_},
            {"patch", {task_.patch.z, task_.patch.y, task_.patch.x}},
            {"compute", nn::toJson(compute_)}};
}

// A training of nnU-Net, or of ours without its own checkpoint: goes on after its last finished epoch.
void Training::startFromCheckpoint(const fs::path& path) {
    const nn::NnUNetCheckpoint stored = nn::readNnUNetCheckpoint(path);
    log_ = TrainingLog(stored.logging, std::size_t(stored.epoch));
    log_.save(folder_ / logName);
    train::beginAt(stored.epoch * options_.iterations, stored.weights, stored.momentum, loop_, folder_, identity());
}

void Training::takeOver() {
    const bool begun = fs::exists(folder_ / resumeName);
    fs::path stored;
    for (const char* name : {bestName, latestName, finalName})
        if (fs::exists(folder_ / name)) stored = folder_ / name;
    if (!options_.resume) {
        if (begun || !stored.empty())
            throw Error(ErrorKind::Input, {FOVEA_TR("{path} holds a training already. Go on with it (--continue), or "
                                                    "delete the folder."),
                                           {{"path", folder_.string()}}});
        if (!options_.pretrained.empty()) train::loadPretrained(options_.pretrained, *unet_);
        return;
    }
    if (!begun && stored.empty())
        job_.message(MessageLevel::Warning, FOVEA_TR("There is nothing to go on with: the training starts anew."));
    if (!begun && !stored.empty()) startFromCheckpoint(stored);
}

std::vector<at::Tensor> Training::targetsOf(const at::Tensor& labels, const std::vector<at::Tensor>& heads) const {
    std::vector<at::Tensor> targets = train::atHeads(labels, heads);
    if (!loss_.regions) return targets;
    for (at::Tensor& target : targets) {
        std::vector<at::Tensor> channels;
        for (const auto& region : task_.dataset.labels.regions()) {
            const std::vector<std::int64_t> values(region.values.begin(), region.values.end());
            channels.push_back(at::isin(target, at::tensor(values, target.options())));
        }
        target = at::stack(channels, 1);
    }
    return targets;
}

at::Tensor Training::lossOf(const train::Batch& batch, std::vector<at::Tensor>* all) {
    std::vector<at::Tensor> heads;
    {
        const nn::AutocastGuard autocast(nn::torchDevice(options_.device), compute_);
        heads = unet_->heads(batch.image);
    }
    const at::Tensor weight = task_.dataset.labels.ignore() ? batch.weight : at::Tensor();
    const at::Tensor loss = train::deepSupervisionLoss(heads, targetsOf(batch.target, heads),
                                                       train::atHeads(weight, heads), headWeights_, loss_);
    if (all) *all = std::move(heads);
    return loss;
}

// Pseudo Dice and loss on patches that are not augmented: the same ones whenever this epoch is run again.
void Training::validate(EpochFigures& figures, std::int64_t epoch) {
    const torch::NoGradGuard off;
    std::vector<std::vector<train::ClassCounts>> counts;
    double sum = 0;
    validationFeed_.rewind(std::uint64_t((epoch - 1) * options_.validationIterations * task_.batch));
    for (std::int64_t i = 0; i < options_.validationIterations; ++i) {
        job_.check();
        job_.yield();
        const train::Batch batch = validationFeed_.next(task_.batch);
        std::vector<at::Tensor> heads;
        sum += lossOf(batch, &heads).item<double>();
        const at::Tensor target = targetsOf(batch.target, {heads.front()}).front();
        std::vector<train::ClassCounts> one = loss_.regions
                                                  ? train::countsPerRegion(heads.front(), target, batch.weight)
                                                  : train::countsPerClass(heads.front(), target, batch.weight);
        if (!loss_.regions) one.erase(one.begin());  // background
        counts.push_back(std::move(one));
    }
    figures.validationLoss = options_.validationIterations > 0 ? sum / double(options_.validationIterations) : 0;
    figures.dice = train::pseudoDice(counts);
}

void Training::write(const char* name, const train::Optimizer& optimizer) const {
    nn::NnUNetCheckpoint checkpoint;
    checkpoint.weights = nn::stateOf(*unet_);
    for (const auto& [parameter, tensor] : optimizer.state()) checkpoint.momentum.emplace_back(parameter, tensor);
    checkpoint.optimizer = {{"lr", log_.lists().at("lrs").back()},
                            {"momentum", loop_.optimizer.momentum},
                            {"dampening", 0},
                            {"weight_decay", loop_.optimizer.weightDecay},
                            {"nesterov", true},
                            {"maximize", false},
                            {"foreach", nullptr},
                            {"differentiable", false},
                            {"fused", nullptr},
                            {"initial_lr", options_.learningRate}};
    checkpoint.logging = log_.lists();
    checkpoint.bestEma = log_.bestEma();
    checkpoint.epoch = std::int64_t(log_.epochs());
    checkpoint.initArgs = {{"plans", task_.plans.json()},
                           {"configuration", task_.configuration},
                           {"fold", fold_ == "all" ? ordered_json("all") : ordered_json(std::stoi(fold_))},
                           {"dataset_json", plan::nnunet::toJson(task_.dataset)},
                           {"device", options_.device}};
    checkpoint.mirrorAxes.emplace();
    for (int axis = 0; axis < task_.dims; ++axis) checkpoint.mirrorAxes->push_back(axis);
    nn::writeNnUNetCheckpoint(folder_ / name, checkpoint);
}

// Always the same patch, one that is drawn around a foreground voxel.
void Training::drawSample(std::int64_t epoch) {
    const torch::NoGradGuard off;
    const train::Batch batch = train::moved(
        train::collate({validation_.sample(std::uint64_t(task_.batch - 1))}, task_.dims), options_.device, compute_);
    std::vector<at::Tensor> heads;
    lossOf(batch, &heads);
    const at::Tensor truth = targetsOf(batch.target, {heads.front()}).front();
    const at::Tensor found = loss_.regions ? heads.front() > 0 : heads.front().argmax(1);
    char name[32];
    std::snprintf(name, sizeof name, "epoch_%04lld.png", static_cast<long long>(epoch));
    file::makeFolder(folder_ / "samples");
    file::write(folder_ / "samples" / name, pngBytes(samplePicture(batch.image, truth, found)));
}

bool Training::endEpoch(std::int64_t iteration, double loss, const train::Optimizer& optimizer) {
    const std::int64_t epoch = (iteration + options_.iterations - 1) / options_.iterations;
    if (std::size_t(epoch) <= log_.epochs()) return !waitedEnough();  // ended before the stop, after the checkpoint
    seconds_ += now() - epochBegan_;
    EpochFigures figures;
    figures.began = epochBegan_;
    figures.trainLoss = loss;
    figures.learningRate = train::polyLearningRate(options_.learningRate, epoch - 1, options_.epochs);
    validate(figures, epoch);
    figures.ended = now();
    const bool best = log_.add(figures);
    const bool last = epoch == options_.epochs || waitedEnough();
    if (best) write(bestName, optimizer);
    if (last) {
        write(finalName, optimizer);
        file::remove(folder_ / latestName);
    } else if (epoch % latestEvery == 0) {
        write(latestName, optimizer);
    }
    if (options_.picturesEvery > 0 && (epoch == 1 || epoch % options_.picturesEvery == 0 || last)) drawSample(epoch);
    log_.save(folder_ / logName);  // at the end: a crash before it lets the epoch end once more
    char text[160];
    std::snprintf(text, sizeof text, "%.4f, validation %.4f, pseudo Dice %.4f (average %.4f)", figures.trainLoss,
                  figures.validationLoss, train::meanOfKnown(figures.dice), log_.ema().back());
    job_.message(MessageLevel::Info,
                 {FOVEA_TR("Epoch {n} of {all}: loss {figures}"),
                  {{"n", std::to_string(epoch)}, {"all", std::to_string(options_.epochs)}, {"figures", text}}});
    if (waitedEnough() && epoch < options_.epochs)
        job_.message(MessageLevel::Info,
                     {FOVEA_TR("The average has not risen for {n} epochs: the training ends here, as asked."),
                      {{"n", std::to_string(options_.patience)}}});
    epochBegan_ = now();
    return !last;
}

TrainedFold Training::run() {
    const nn::ThreadsGuard threads(compute_.threads);
    takeOver();
    nn::place(*unet_, options_.device, compute_);
    unet_->train();
    if (options_.resume && log_.epochs() == 0)
        log_ = TrainingLog::load(folder_ / logName, std::size_t(options_.epochs));

    train::LoopHooks hooks;
    hooks.rewind = [&](std::uint64_t first) {
        feed_.rewind(first);
        if (epochBegan_ == 0) epochBegan_ = now();
    };
    hooks.prepare = [&](std::int64_t count) { feed_.prepare(count); };
    hooks.loss = [&](std::uint64_t, std::int64_t count) {
        ++steps_;
        return lossOf(feed_.next(count));
    };
    hooks.epochEnded = [&](std::int64_t iteration, double loss, const train::Optimizer& optimizer) {
        return endEpoch(iteration, loss, optimizer);
    };
    train::runLoop(*unet_, hooks, loop_, folder_, identity(), job_);
    file::remove(folder_ / resumeName);  // all of it is in the final checkpoint

    TrainedFold done;
    done.folder = folder_;
    done.epochs = std::int64_t(log_.epochs());
    if (done.epochs > 0) {
        const ordered_json lists = log_.lists();
        done.trainLoss = lists.at("train_losses").back();
        done.validationLoss = lists.at("val_losses").back();
        done.ema = log_.ema().back();
    }
    done.stoppedEarly = done.epochs < options_.epochs;
    done.secondsPerIteration = steps_ > 0 ? seconds_ / double(steps_) : 0;
    return done;
}

}  // namespace

fs::path foldFolder(const PlannedTask& task, const std::string& fold) {
    return task.folders.model(task.plansName, task.configuration) / ("fold_" + fold);
}

TrainedFold trainFold(const PlannedTask& task, const std::string& fold, const TrainOptions& options, Job& job) {
    return nn::translated([&] {
        const fs::path folder = foldFolder(task, fold), model = folder.parent_path();
        file::makeFolder(folder);
        plan::nnunet::writePythonJson(model / "plans.json", task.plans.json());
        plan::nnunet::saveDatasetJson(model / "dataset.json", task.dataset);
        if (const fs::path print = task.folders.preprocessed() / "dataset_fingerprint.json"; fs::exists(print))
            file::copy(print, model / print.filename());
        return Training(task, fold, options, job).run();
    });
}

}  // namespace fovea::nnunet
