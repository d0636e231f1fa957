#pragma once
#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/job.h"
#include "nn/weights.h"
#include "train/optimizer.h"

namespace fovea::train {

enum class Schedule { Poly, Cosine };  // poly: exponent 0.9; both fall to 0 after a linear warm-up

struct LoopOptions {
    std::int64_t iterations = 300;
    std::int64_t batch = 4;
    double learningRate = 1e-3;
    std::int64_t warmup = 20;
    Schedule schedule = Schedule::Poly;
    OptimizerOptions optimizer;
    double clip = 12;               // of the gradients' L2 norm, 0 = none
    double ema = 0;                 // decay of the averaged weights, 0 = none
    std::int64_t tuneEvery = 50;    // iterations between tuning scores
    std::int64_t patience = 0;      // tuning scores without a new best before it stops early; 0 = never
    double checkpointSeconds = 30;  // between checkpoints
    std::int64_t epoch = 1;         // iterations that share a learning rate (poly)
    bool scaleLoss = false;         // for float16, see LossScale

    // nnU-Net's: SGD, 250 iterations an epoch, learning rate 0.01 (spec section 4.7).
    static LoopOptions nnunet(std::int64_t epochs = 1000);
};

struct CurvePoint {
    std::int64_t iteration = 0;  // steps taken
    double loss = 0, learningRate = 0;
    std::optional<double> tuning;
};

struct LoopHooks {
    // Builds the graph of one step from samples first … first + batch − 1 and returns the scalar loss.
    std::function<at::Tensor(std::uint64_t first, std::int64_t batch)> loss;
    // Called while a GPU may still compute a step, to make the next batch meanwhile; may be empty.
    std::function<void(std::int64_t batch)> prepare;
    // Score of the module as it is (averaged weights in place), higher is better; may be empty.
    std::function<double()> tune;
    // Called after the last iteration of each epoch (averaged weights in place) with the epoch's mean loss and the
    // optimizer as it is then; returns whether to go on. What it throws ends the run. After a resume, the epoch that
    // had ended last ends once more: a stop may have come meanwhile.
    std::function<bool(std::int64_t iteration, double loss, const Optimizer& optimizer)> epochEnded;
    // Called before every run over samples from `first` on: a start, a resume, a smaller batch.
    std::function<void(std::uint64_t first)> rewind;
};

struct LoopResult {
    std::int64_t iterations = 0;  // taken in all, resumed ones included
    double loss = 0;              // mean of the last tenth
    std::optional<double> bestTuning;
    std::vector<CurvePoint> curve;
    double seconds = 0;  // of this call
    bool stoppedEarly = false;
};

// Trains `module` and leaves the best (with tuning), else averaged (with ema), else last weights in it. Writes
// folder/checkpoint.safetensors and folder/curves.json ({"points": [{iteration, loss, lr, tuning}], "iterations": n})
// as it goes; a checkpoint found there is continued, and the result is then the same, bit for bit on a CPU with one
// thread, as without the break. Each iteration calls job.check(), job.yield() and job.progress(). On Cancelled the
// checkpoint is written first. Out of memory: the batch is halved, said in a message. Throws Error(Memory) when a
// single sample does not fit, Error(Input) when the loss is no number, Error(Format) for a checkpoint with another
// `identity`, Cancelled.
LoopResult runLoop(torch::nn::Module& module, const LoopHooks& hooks, const LoopOptions& options,
                   const std::filesystem::path& folder, nlohmann::json identity, Job& job);

// Writes the checkpoint that runLoop() goes on from in `folder`: a run of these options with `iterations` behind it, as
// another program left it. `momentum` as Optimizer::state().
void beginAt(std::int64_t iterations, const nn::State& weights, const nn::State& momentum, const LoopOptions& options,
             const std::filesystem::path& folder, nlohmann::json identity);

nlohmann::json toJson(const LoopOptions& options);
nlohmann::json toJson(const std::vector<CurvePoint>& curve);
std::vector<CurvePoint> curveFromJson(const nlohmann::json& json);

}  // namespace fovea::train
