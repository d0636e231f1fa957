#include "train/loop.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <numbers>

#include "base/error.h"
#include "base/file.h"
#include "nn/kept_memory.h"
#include "nn/torch_errors.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/loss_scale.h"

namespace fovea::train {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

nn::State copied(const nn::State& state) {
    nn::State copy;
    for (const auto& [name, tensor] : state) copy.emplace_back(name, tensor.detach().clone());
    return copy;
}

void assign(const nn::State& to, const nn::State& from) {
    const torch::NoGradGuard off;
    for (std::size_t i = 0; i < to.size(); ++i) at::Tensor(to[i].second).copy_(from[i].second);
}

// The tensors of `from` in the order and on the device of `like`. Names were checked when the network's were loaded.
nn::State ordered(const nn::State& from, const nn::State& like) {
    const std::map<std::string, at::Tensor> byName(from.begin(), from.end());
    nn::State result;
    for (const auto& [name, tensor] : like) result.emplace_back(name, byName.at(name).to(tensor.device()).clone());
    return result;
}

Optimizer::Named trainable(const torch::nn::Module& module) {
    Optimizer::Named result;
    for (const auto& item : module.named_parameters())
        if (item.value().requires_grad()) result.emplace_back(item.key(), item.value());
    return result;
}

double learningRateAt(const LoopOptions& o, std::int64_t step) {
    const double warm = o.warmup > 0 ? std::min(1.0, double(step + 1) / double(o.warmup)) : 1;
    if (o.schedule == Schedule::Poly)
        return warm * polyLearningRate(o.learningRate, step / o.epoch, (o.iterations + o.epoch - 1) / o.epoch);
    if (step < o.warmup) return warm * o.learningRate;
    const double share = double(step - o.warmup) / double(std::max<std::int64_t>(1, o.iterations - o.warmup));
    return o.learningRate * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

// Puts averaged weights, if there are any, into a module for as long as it lives.
class AverageInPlace {
  public:
    AverageInPlace(const nn::State& state, const nn::State& average)
        : state_(state), last_(average.empty() ? nn::State() : copied(state)) {
        if (!average.empty()) assign(state, average);
    }
    AverageInPlace(const AverageInPlace&) = delete;
    AverageInPlace& operator=(const AverageInPlace&) = delete;
    ~AverageInPlace() {
        if (!last_.empty()) assign(state_, last_);
    }

  private:
    const nn::State& state_;
    const nn::State last_;
};

std::string shown(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", value);
    return text;
}

class Loop {
  public:
    Loop(torch::nn::Module& module, const LoopHooks& hooks, const LoopOptions& options, std::filesystem::path folder,
         nlohmann::json identity, Job& job)
        : module_(module),
          hooks_(hooks),
          options_(options),
          folder_(std::move(folder)),
          identity_(std::move(identity)),
          job_(job),
          state_(nn::stateOf(module)),
          optimizer_(trainable(module), options.optimizer),
          batch_(options.batch) {
        identity_["loop"] = toJson(options);
    }

    LoopResult run();

  private:
    void resume();
    void save();
    void writeCurve();
    bool clipped();
    double step();
    double stepWithinMemory();
    void average();
    void tune();
    void endEpoch();
    void finish(LoopResult& result);

    torch::nn::Module& module_;
    const LoopHooks& hooks_;
    const LoopOptions& options_;
    const std::filesystem::path folder_;
    nlohmann::json identity_;
    Job& job_;

    nn::State state_, ema_, best_;  // state_ shares storage with the module
    Optimizer optimizer_;
    LossScale scale_;
    std::int64_t iteration_ = 0, batch_, sinceBest_ = 0;
    std::uint64_t nextSample_ = 0;
    std::optional<double> bestTuning_;
    bool stopped_ = false;
    std::vector<CurvePoint> curve_;
};

void Loop::resume() {
    const auto checkpoint = loadCheckpoint(folder_ / "checkpoint.safetensors", identity_);
    if (!checkpoint) return;
    nn::loadState(checkpoint->group("net"), module_, (folder_ / "checkpoint.safetensors").string());
    try {
        const nlohmann::json& p = checkpoint->progress;
        iteration_ = p.at("iteration");
        nextSample_ = p.at("next_sample");
        batch_ = p.at("batch");
        sinceBest_ = p.at("since_best");
        stopped_ = p.at("stopped");
        if (!p.at("best").is_null()) bestTuning_ = p.at("best").get<double>();
        curve_ = curveFromJson(p.at("curve"));
        optimizer_.restore(checkpoint->group("opt"), p.at("optimizer_steps"));
        if (options_.scaleLoss) scale_.restore(p.at("loss_scale"));
        if (const nn::State ema = checkpoint->group("ema"); !ema.empty()) ema_ = ordered(ema, state_);
        if (const nn::State best = checkpoint->group("best"); !best.empty()) best_ = ordered(best, state_);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Error(ErrorKind::Format,
                    {FOVEA_TR("The training checkpoint in {path} is damaged ({why}). Delete it to start anew."),
                     {{"path", folder_.string()}, {"why", error.what()}}});
    }
}

void Loop::save() {
    Checkpoint checkpoint;
    checkpoint.identity = identity_;
    checkpoint.progress = {{"iteration", iteration_}, {"next_sample", nextSample_},
                           {"batch", batch_},         {"since_best", sinceBest_},
                           {"stopped", stopped_},     {"best", nullptr},
                           {"curve", toJson(curve_)}, {"optimizer_steps", optimizer_.steps()}};
    if (bestTuning_) checkpoint.progress["best"] = *bestTuning_;
    if (options_.scaleLoss) checkpoint.progress["loss_scale"] = scale_.state();
    checkpoint.add("net", state_);
    checkpoint.add("ema", ema_);
    checkpoint.add("best", best_);
    checkpoint.add("opt", optimizer_.state());
    saveCheckpoint(folder_ / "checkpoint.safetensors", checkpoint);
    writeCurve();
}

void Loop::writeCurve() {
    file::writeJson(folder_ / "curves.json", {{"iterations", options_.iterations}, {"points", toJson(curve_)}});
}

// Whether the gradients, as clipped, can be followed.
bool Loop::clipped() {
    const double most = options_.clip > 0 ? options_.clip : std::numeric_limits<double>::infinity();
    if (options_.scaleLoss) return scale_.update(std::isfinite(optimizer_.clip(most, scale_.value()).item<double>()));
    if (options_.clip > 0) optimizer_.clip(most);
    return true;
}

// The loss is asked for at the end: a GPU computes on until then, and the next batch is made meanwhile.
double Loop::step() {
    optimizer_.zeroGrad();
    const at::Tensor loss = hooks_.loss(nextSample_, batch_);
    (options_.scaleLoss ? loss * scale_.value() : loss).backward();
    if (clipped()) optimizer_.step(learningRateAt(options_, iteration_));
    if (hooks_.prepare && iteration_ + 1 < options_.iterations) hooks_.prepare(batch_);
    const double value = loss.item<double>();
    if (!std::isfinite(value))
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("The training loss is no number any more at iteration {n} (learning rate {lr}). "
                              "Choose a lower learning rate, or look for extreme values in the images."),
                     {{"n", std::to_string(iteration_ + 1)}, {"lr", shown(options_.learningRate)}}});
    return value;
}

double Loop::stepWithinMemory() {
    for (;;) {
        try {
            return nn::translated([&] { return step(); });
        } catch (Error& error) {
            if (error.kind() != ErrorKind::Memory) throw;
            optimizer_.zeroGrad();
            if (batch_ == 1)
                throw error.context(
                    FOVEA_TR("training with one patch at a time: choose a smaller patch or fewer features"));
        }
        batch_ = std::max<std::int64_t>(1, batch_ / 2);
        job_.message(MessageLevel::Warning, {FOVEA_TR("Memory was short: training goes on with {n} patches at a time."),
                                             {{"n", std::to_string(batch_)}}});
        if (hooks_.rewind) hooks_.rewind(nextSample_);
    }
}

void Loop::average() {
    if (options_.ema <= 0) return;
    if (ema_.empty()) {
        ema_ = copied(state_);
        return;
    }
    const torch::NoGradGuard off;
    const double decay = std::min(options_.ema, double(1 + iteration_) / double(10 + iteration_));
    std::vector<at::Tensor> averages, now;
    for (std::size_t i = 0; i < state_.size(); ++i) averages.push_back(ema_[i].second), now.push_back(state_[i].second);
    at::_foreach_lerp_(averages, now, 1 - decay);
}

void Loop::tune() {
    if (!hooks_.tune || (iteration_ % options_.tuneEvery != 0 && iteration_ != options_.iterations)) return;
    const AverageInPlace inPlace(state_, ema_);
    const double score = nn::translated([&] { return hooks_.tune(); });
    curve_.back().tuning = score;
    if (!bestTuning_ || score > *bestTuning_) {
        bestTuning_ = score;
        best_ = copied(state_);
        sinceBest_ = 0;
    } else if (++sinceBest_ >= options_.patience && options_.patience > 0) {
        stopped_ = true;
    }
}

void Loop::endEpoch() {
    if (!hooks_.epochEnded || iteration_ == 0 ||
        (iteration_ % options_.epoch != 0 && iteration_ != options_.iterations))
        return;
    const std::int64_t begin = (iteration_ - 1) / options_.epoch * options_.epoch;
    double sum = 0;
    std::int64_t count = 0;
    for (auto p = curve_.rbegin(); p != curve_.rend() && p->iteration > begin; ++p) sum += p->loss, ++count;
    const AverageInPlace inPlace(state_, ema_);
    if (!hooks_.epochEnded(iteration_, count > 0 ? sum / double(count) : 0, optimizer_)) stopped_ = true;
}

void Loop::finish(LoopResult& result) {
    if (!best_.empty())
        assign(state_, best_);
    else if (!ema_.empty())
        assign(state_, ema_);
    optimizer_.zeroGrad();
    result.iterations = iteration_;
    result.bestTuning = bestTuning_;
    result.stoppedEarly = stopped_;
    const std::size_t tail = std::max<std::size_t>(1, curve_.size() / 10);
    for (std::size_t i = curve_.size() - std::min(tail, curve_.size()); i < curve_.size(); ++i)
        result.loss += curve_[i].loss / double(std::min(tail, curve_.size()));
    result.curve = std::move(curve_);
}

LoopResult Loop::run() {
    const auto start = Clock::now();
    auto saved = start, written = start;
    file::makeFolder(folder_);
    resume();
    if (hooks_.rewind) hooks_.rewind(nextSample_);
    try {
        endEpoch();
        while (iteration_ < options_.iterations && !stopped_) {
            job_.check();
            job_.yield();
            const double rate = learningRateAt(options_, iteration_), loss = stepWithinMemory();
            nextSample_ += std::uint64_t(batch_);
            ++iteration_;
            curve_.push_back({iteration_, loss, rate, std::nullopt});
            average();
            tune();
            endEpoch();
            job_.progress(double(iteration_), double(options_.iterations),
                          {FOVEA_TR("Learning, loss {loss}"), {{"loss", shown(loss)}}});
            if (secondsSince(saved) >= options_.checkpointSeconds)
                save(), saved = written = Clock::now();
            else if (secondsSince(written) >= 2)
                writeCurve(), written = Clock::now();
        }
    } catch (const Cancelled&) {
        save();
        throw;
    }
    save();
    LoopResult result;
    finish(result);
    result.seconds = secondsSince(start);
    return result;
}

}  // namespace

LoopResult runLoop(torch::nn::Module& module, const LoopHooks& hooks, const LoopOptions& options,
                   const std::filesystem::path& folder, nlohmann::json identity, Job& job) {
    const nn::KeepMemory keep;
    return nn::translated([&] { return Loop(module, hooks, options, folder, std::move(identity), job).run(); });
}

void beginAt(std::int64_t iterations, const nn::State& weights, const nn::State& momentum, const LoopOptions& options,
             const std::filesystem::path& folder, nlohmann::json identity) {
    Checkpoint checkpoint;
    checkpoint.identity = std::move(identity);
    checkpoint.identity["loop"] = toJson(options);
    checkpoint.progress = {{"iteration", iterations},
                           {"next_sample", iterations * options.batch},
                           {"batch", options.batch},
                           {"since_best", 0},
                           {"stopped", false},
                           {"best", nullptr},
                           {"curve", nlohmann::json::array()},
                           {"optimizer_steps", momentum.empty() ? 0 : iterations}};
    checkpoint.add("net", weights);
    checkpoint.add("opt", momentum);
    file::makeFolder(folder);
    saveCheckpoint(folder / "checkpoint.safetensors", checkpoint);
}

LoopOptions LoopOptions::nnunet(std::int64_t epochs) {
    LoopOptions o;
    o.epoch = 250;
    o.iterations = o.epoch * epochs;
    o.batch = 2;
    o.learningRate = 0.01;
    o.warmup = 0;
    o.optimizer.method = Method::Sgd;
    o.optimizer.weightDecay = 3e-5;
    return o;
}

nlohmann::json toJson(const LoopOptions& o) {
    nlohmann::json json = {{"iterations", o.iterations},
                           {"batch", o.batch},
                           {"learning_rate", o.learningRate},
                           {"warmup", o.warmup},
                           {"schedule", o.schedule == Schedule::Poly ? "poly" : "cosine"},
                           {"method", o.optimizer.method == Method::Sgd ? "sgd" : "adamw"},
                           {"weight_decay", o.optimizer.weightDecay},
                           {"clip", o.clip},
                           {"ema", o.ema},
                           {"tune_every", o.tuneEvery},
                           {"patience", o.patience}};
    if (o.epoch > 1) json["epoch"] = o.epoch;
    if (o.scaleLoss) json["scale_loss"] = true;
    return json;
}

nlohmann::json toJson(const std::vector<CurvePoint>& curve) {
    nlohmann::json points = nlohmann::json::array();
    for (const CurvePoint& p : curve) {
        points.push_back({{"iteration", p.iteration}, {"loss", p.loss}, {"lr", p.learningRate}});
        if (p.tuning) points.back()["tuning"] = *p.tuning;
    }
    return points;
}

std::vector<CurvePoint> curveFromJson(const nlohmann::json& json) {
    std::vector<CurvePoint> curve;
    for (const auto& p : json) {
        CurvePoint point{p.at("iteration"), p.at("loss"), p.at("lr"), std::nullopt};
        if (p.contains("tuning")) point.tuning = p.at("tuning").get<double>();
        curve.push_back(point);
    }
    return curve;
}

}  // namespace fovea::train
