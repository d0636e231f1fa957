// Whole trainings, tiny: learning, resume, cancel, errors.
#include <torch/torch.h>

#include <limits>

#include "base/file.h"
#include "nn/torch_test.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/tiny_training.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;
namespace fs = std::filesystem;

// Cancels itself at the n-th check.
class CancelAt : public Job {
  public:
    explicit CancelAt(int at) : at_(at) {}
    bool cancelled() const override { return ++checks_ > at_; }
    void yield() override { ++yields; }
    void progress(double, double, const Text&) override { ++steps; }
    using Job::progress;
    int yields = 0, steps = 0;

  private:
    int at_;
    mutable int checks_ = 0;
};

bool equalWeights(const fs::path& a, const fs::path& b) {
    const nn::State x = nn::readState(a), y = nn::readState(b);
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (x[i].first != y[i].first || !torch::equal(x[i].second, y[i].second)) return false;
    return true;
}

double diceOf(nn::UNet& unet, const TrainCase& one) {
    const torch::NoGradGuard off;
    Volume<float> grey = one.image->readAll<float>();
    plan::normalise(grey.data(), grey.size(), one.norms[0]);
    const Index n = grey.shape();
    const auto found = unet->forward(torch::from_blob(grey.data(), {1, 1, n.y, n.x})).argmax(1) > 0;
    const Volume<std::int32_t> labels = one.labels->readAll<std::int32_t>();
    double both = 0, sum = 0;
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const bool a = found.view(-1)[i].item<bool>(), b = labels.data()[i] > 0;
        both += a && b, sum += a + b;
    }
    return 2 * both / sum;
}

void learnsSquares() {
    for (Method method : {Method::AdamW, Method::Sgd}) {
        file::TempFolder folder;
        TrainRequest request = tinyRequest(folder.path(), 60);
        request.loop.optimizer.method = method;
        request.loop.optimizer.weightDecay = method == Method::Sgd ? 3e-5 : 1e-2;
        request.loop.optimizer.momentum = 0.9;
        Job job;
        const TrainResult result = train::train(request, job);
        CHECK(result.loop.iterations == 60);
        CHECK(result.loop.curve.size() == 60);
        CHECK(result.loop.curve.front().loss > result.loop.loss + 0.5);
        CHECK(result.loop.bestTuning && *result.loop.bestTuning > 0.5);
        nn::UNet unet = nn::loadUNet(folder.path() / "model.safetensors");
        CHECK(diceOf(unet, squares({1, 64, 64})) > 0.85);
        const auto curves = file::readJson(folder.path() / "curves.json");
        CHECK(curves.at("points").size() == 60 && curves.at("points").at(2).contains("tuning"));
    }
}

void resumedEqualsUninterrupted() {
    for (Method method : {Method::AdamW, Method::Sgd}) {
        file::TempFolder whole, broken;
        TrainRequest request = tinyRequest(whole.path(), 9);
        request.loop.optimizer.method = method;
        Job job;
        const TrainResult once = train::train(request, job);
        request.folder = broken.path();
        request.loaderThreads = 2;
        for (int stop : {1, 3, 4}) {
            CancelAt cancel(stop + 10);  // the scan of the two cases asks 10 times
            bool cancelled = false;
            try {
                train::train(request, cancel);
            } catch (const Cancelled&) {
                cancelled = true;
            }
            CHECK(cancelled);
        }
        const TrainResult resumed = train::train(request, job);
        CHECK(equalWeights(whole.path() / "model.safetensors", broken.path() / "model.safetensors"));
        CHECK(toJson(once.loop.curve) == toJson(resumed.loop.curve));
        CHECK(once.loop.bestTuning == resumed.loop.bestTuning);
        CHECK(file::readJson(whole.path() / "curves.json") == file::readJson(broken.path() / "curves.json"));
    }
}

void cancelAnywhereLeavesACheckpoint() {
    file::TempFolder whole;
    TrainRequest request = tinyRequest(whole.path(), 4);
    request.tuning.clear();
    Job job;
    train::train(request, job);
    int resumedRuns = 0;
    for (int stop = 0; stop < 40; stop += 3) {
        file::TempFolder folder;
        request.folder = folder.path();
        CancelAt cancel(stop);
        bool cancelled = false;
        try {
            train::train(request, cancel);
        } catch (const Cancelled&) {
            cancelled = true;
        }
        if (cancelled) {
            resumedRuns += fs::exists(folder.path() / "checkpoint.safetensors");
            train::train(request, job);
        }
        CHECK(equalWeights(whole.path() / "model.safetensors", folder.path() / "model.safetensors"));
    }
    CHECK(resumedRuns > 0);
}

void finishedRunIsNotRepeated() {
    file::TempFolder folder;
    const TrainRequest request = tinyRequest(folder.path(), 3);
    CancelAt counting(1 << 20);
    train::train(request, counting);
    CHECK(counting.yields == 3 && counting.steps == 3);
    CancelAt again(1 << 20);
    train::train(request, again);
    CHECK(again.yields == 0);
}

void foreignCheckpointIsRefused() {
    file::TempFolder folder;
    TrainRequest request = tinyRequest(folder.path(), 2);
    Job job;
    train::train(request, job);
    request.topology = tinyTopology(3, 6);
    CHECK_THROWS(train::train(request, job), Error);
    request.topology = tinyTopology();
    request.loop.learningRate = 5e-3;
    CHECK_THROWS(train::train(request, job), Error);
    file::write(folder.path() / "checkpoint.safetensors", "not a checkpoint");
    CHECK_THROWS(train::train(request, job), Error);
    request.topology.outChannels = 2;  // the targets have three classes
    CHECK_THROWS(train::train(request, job), Error);
}

void startsFromAnotherModel() {
    file::TempFolder first, second;
    TrainRequest request = tinyRequest(first.path(), 3);
    Job job;
    train::train(request, job);
    TrainRequest next = tinyRequest(second.path(), 1);
    next.loop.learningRate = 0;
    next.loop.ema = 0;
    next.tuning.clear();
    next.startFrom = first.path() / "model.safetensors";
    next.start = Start::Whole;
    train::train(next, job);
    CHECK(equalWeights(next.startFrom, second.path() / "model.safetensors"));

    file::TempFolder third;
    next.folder = third.path();
    next.topology = tinyTopology(2);
    next.sampler.rule.boundary = false;
    CHECK_THROWS(train::train(next, job), Error);  // other classes: whole weights cannot be taken
    next.start = Start::Encoder;
    train::train(next, job);
    const nn::State from = nn::readState(next.startFrom), to = nn::readState(third.path() / "model.safetensors");
    for (std::size_t i = 0; i < to.size(); ++i)
        if (to[i].first.find("seg_layers") == std::string::npos) CHECK(torch::equal(from[i].second, to[i].second));
    next.startFrom = third.path() / "absent.safetensors";
    file::TempFolder fourth;
    next.folder = fourth.path();
    CHECK_THROWS(train::train(next, job), Error);
}

void emptyLabelsLearnBackground() {
    file::TempFolder folder;
    TrainRequest request = tinyRequest(folder.path(), 5);
    TrainCase blank = squares({1, 48, 48});
    blank.labels = memory(Volume<std::int32_t>({1, 48, 48}));
    request.sources = {{{blank}}};
    request.tuning.clear();
    Job job;
    const TrainResult result = train::train(request, job);
    CHECK(result.knownForeground == 0 && std::isfinite(result.loop.loss));
}

void badNumbersAreNamed() {
    file::TempFolder folder;
    TrainRequest request = tinyRequest(folder.path(), 5);
    Volume<float> image({1, 96, 96}, std::numeric_limits<float>::quiet_NaN());
    request.sources[0].cases[0].image = memory(image);
    Job job;
    bool named = false;
    try {
        train::train(request, job);
    } catch (const Error& error) {
        named =
            error.kind() == ErrorKind::Input && std::string(error.what()).find("learning rate") != std::string::npos;
    }
    CHECK(named);
}

// The loop itself: memory back-off, early stop, best weights.
struct Quadratic : torch::nn::Module {
    torch::Tensor w;
    Quadratic() { w = register_parameter("w", torch::full({2}, 3.0f)); }
};

void shortMemoryHalvesTheBatch() {
    file::TempFolder folder;
    Quadratic module;
    std::vector<std::pair<std::uint64_t, std::int64_t>> taken;
    LoopHooks hooks;
    hooks.loss = [&](std::uint64_t first, std::int64_t batch) {
        if (batch > 2) throw Error(ErrorKind::Memory, "not enough");
        taken.emplace_back(first, batch);
        return module.w.square().sum();
    };
    LoopOptions options;
    options.iterations = 3;
    options.batch = 8;
    Job job;
    runLoop(module, hooks, options, folder.path(), {}, job);
    CHECK(taken.size() == 3 && taken[2].first == 4 && taken[2].second == 2);
    file::TempFolder other;
    hooks.loss = [&](std::uint64_t, std::int64_t) -> at::Tensor { throw Error(ErrorKind::Memory, "not enough"); };
    CHECK_THROWS(runLoop(module, hooks, options, other.path(), {}, job), Error);
}

// A gradient that overflows: that step is not taken, the scale is halved, and a resumed run knows it.
void overflowSkipsTheStep() {
    file::TempFolder folder;
    Quadratic module;
    const at::Tensor before = module.w.detach().clone();
    LoopOptions options;
    options.iterations = 1;
    options.scaleLoss = true;
    LoopHooks hooks;
    hooks.loss = [&](std::uint64_t, std::int64_t) { return (module.w * 1e-36).sum() * 1e36; };  // · 65536 = infinity
    Job job;
    runLoop(module, hooks, options, folder.path(), {}, job);
    CHECK(torch::equal(module.w, before));
    const auto stored = loadCheckpoint(folder.path() / "checkpoint.safetensors", {{"loop", toJson(options)}});
    CHECK(stored && stored->progress.at("loss_scale").at("value") == 32768);

    file::TempFolder other;
    options.iterations = 40;
    hooks.loss = [&](std::uint64_t, std::int64_t) { return module.w.square().sum(); };
    const LoopResult result = runLoop(module, hooks, options, other.path(), {}, job);
    CHECK(result.curve.back().loss < result.curve.front().loss);
}

void keepsTheBestAndStopsEarly() {
    file::TempFolder folder;
    Quadratic module;
    LoopHooks hooks;
    hooks.loss = [&](std::uint64_t, std::int64_t) { return module.w.square().sum(); };
    hooks.tune = [&] { return -std::abs(module.w[0].item<double>() - 2.0); };  // best on the way down
    LoopOptions options;
    options.iterations = 200;
    options.learningRate = 0.05;
    options.warmup = 0;
    options.tuneEvery = 1;
    options.patience = 5;
    options.optimizer.weightDecay = 0;
    Job job;
    const LoopResult result = runLoop(module, hooks, options, folder.path(), {}, job);
    CHECK(result.stoppedEarly && result.iterations < 60);
    CHECK_NEAR(module.w[0].item<double>(), 2.0, 0.05);
}

void learningRateHoldsForAnEpoch() {
    file::TempFolder folder;
    Quadratic module;
    LoopHooks hooks;
    hooks.loss = [&](std::uint64_t, std::int64_t) { return module.w.square().sum(); };
    LoopOptions options = LoopOptions::nnunet(1000);
    CHECK(options.iterations == 250000 && options.epoch == 250);
    options.epoch = 2;
    options.iterations = 5;  // the last epoch is cut short
    Job job;
    const auto curve = runLoop(module, hooks, options, folder.path(), {}, job).curve;
    const double want[] = {0.01, 0.01, polyLearningRate(0.01, 1, 3), polyLearningRate(0.01, 1, 3),
                           polyLearningRate(0.01, 2, 3)};
    for (std::size_t i = 0; i < 5; ++i) CHECK_NEAR(curve.at(i).learningRate, want[i], 1e-15);
}

void maeResumesAndAvoidsHeldBoxes() {
    file::TempFolder whole, broken;
    Job job;
    MaeRequest request = tinyMae(whole.path());
    request.loop.iterations = 30;
    const LoopResult once = trainMae(request, job);
    CHECK(once.iterations == 30 && once.loss < once.curve.front().loss);
    CHECK(nn::loadMae(whole.path() / "mae.safetensors")->config().width == 24);
    request.folder = broken.path();
    CancelAt cancel(7);
    CHECK_THROWS(trainMae(request, cancel), Cancelled);
    trainMae(request, job);
    CHECK(equalWeights(whole.path() / "mae.safetensors", broken.path() / "mae.safetensors"));

    MaeRequest nowhere = tinyMae(broken.path() / "x");
    nowhere.cases[0].held = {Box::of({2, 90, 90})};
    CHECK_THROWS(trainMae(nowhere, job), Error);
    nowhere.cases.clear();
    CHECK_THROWS(trainMae(nowhere, job), Error);
}

void planBecomesARequest() {
    plan::Fingerprint print;
    const plan::Intensity whole{100, 90, 20, 0, 255, 5, 250};
    print.cases.push_back({"a", {20, 64, 64}, {0.3, 0.1, 0.1}, {whole}});
    print.foreground = {whole};
    const plan::Plan plan = plan::makePlan(print, {});
    const TrainRequest request = requestOf(plan, Phase::FineTune);
    request.topology.check();
    CHECK(request.topology.outChannels == request.sampler.rule.classes());
    CHECK(request.sampler.patch == plan.patchIndex());
    for (int axis = 0; axis < 3; ++axis) CHECK(plan.patch[axis] % request.topology.divisor()[axis] == 0);
    Job job;
    const TrainCase known = squares({1, 40, 40});
    CHECK(caseOf(plan, "a", known.image, known.labels, nullptr, {}, job).norms[0].subtract == 100);
    CHECK(caseOf(plan, "new", known.image, known.labels, nullptr, {}, job).norms[0].subtract != 100);
    const ImagePtr two = std::make_shared<MemoryImage>(std::vector<AnyVolume>(2, AnyVolume(DType::U8, {1, 8, 8})));
    CHECK_THROWS(normsOf(plan, "a", *two, {}, job), Error);
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    torch::set_num_threads(1);
    return {{"learns squares", learnsSquares},
            {"resumed equals uninterrupted", resumedEqualsUninterrupted},
            {"cancel anywhere leaves a checkpoint", cancelAnywhereLeavesACheckpoint},
            {"a finished run is not repeated", finishedRunIsNotRepeated},
            {"a foreign checkpoint is refused", foreignCheckpointIsRefused},
            {"starts from another model", startsFromAnotherModel},
            {"empty labels learn background", emptyLabelsLearnBackground},
            {"bad numbers are named", badNumbersAreNamed},
            {"short memory halves the batch", shortMemoryHalvesTheBatch},
            {"overflow skips the step", overflowSkipsTheStep},
            {"keeps the best and stops early", keepsTheBestAndStopsEarly},
            {"learning rate holds for an epoch", learningRateHoldsForAnEpoch},
            {"MAE resumes and avoids held boxes", maeResumesAndAvoidsHeldBoxes},
            {"a plan becomes a request", planBecomesARequest}};
}
