#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cmath>

#include "bench/bench_network.h"
#include "bench/benches.h"
#include "nn/guards.h"
#include "nn/kept_memory.h"
#include "nn/unet.h"
#include "nn/weights.h"
#include "train/loop.h"
#include "train/loss.h"
#include "train/optimizer.h"

// One iteration of nnU-Net's training: gradients to zero, forward, Dice and cross-entropy on every scale, backward,
// clip, SGD. The batch is there already, with its targets at every scale.
namespace fovea::bench {

namespace {

constexpr std::int64_t batchSize = 2;

std::int64_t parametersOf(const nn::UNet& unet) {
    std::int64_t count = 0;
    for (const at::Tensor& one : unet->parameters()) count += one.numel();
    return count;
}

train::Optimizer::Named namedParametersOf(const nn::UNet& unet) {
    train::Optimizer::Named result;
    for (const auto& item : unet->named_parameters()) result.emplace_back(item.key(), item.value());
    return result;
}

void training(Run& run, Index patch, int dims, const nn::Compute& compute) {
    const nn::Topology topology = plannedNetwork(patch, dims);
    const nn::ThreadsGuard threads(compute.threads);
    const nn::KeepMemory keep;  // as runLoop()
    nn::UNet unet(topology);
    const c10::Device device = nn::torchDevice(run.settings().device);
    nn::place(*unet, run.settings().device, compute);
    unet->train();
    const train::LoopOptions loop = train::LoopOptions::nnunet();
    train::Optimizer optimizer(namedParametersOf(unet), loop.optimizer);
    std::vector<std::int64_t> space{batchSize}, full{batchSize, topology.inChannels};
    for (const std::int64_t n : axesOf(patch, dims)) space.push_back(n), full.push_back(n);
    const at::Tensor image = nn::placed(at::randn(full).to(device), compute);
    const at::Tensor labels = at::randint(topology.outChannels, space, at::kLong).to(device);
    const auto headWeights = train::deepSupervisionWeights(topology.stages());
    train::LossOptions options;
    options.batchDice = dims == 2;

    const auto forward = [&] {
        const nn::AutocastGuard autocast(device, compute);
        return unet->heads(image);
    };
    const std::vector<at::Tensor> targets = train::atHeads(labels, forward());
    const std::vector<at::Tensor> weights(targets.size());
    double last = 0;
    run.measure(
        [&] {
            optimizer.zeroGrad();
            const at::Tensor loss = train::deepSupervisionLoss(forward(), targets, weights, headWeights, options);
            loss.backward();
            optimizer.clip(loop.clip);
            optimizer.step(loop.learningRate);
            last = loss.item<double>();
        },
        [&] {
            Facts facts;
            facts.work = "batch 2 x 1 x " + toString(patch) + ", 3 classes, " + std::to_string(topology.stages()) +
                         " stages, deep supervision, clip, SGD; " + nn::toJson(compute).dump();
            facts.rates = {{"voxels/s", batchSize * patch.count()}};
            facts.check = {{"parameters", parametersOf(unet)}, {"loss_finite", std::isfinite(last)}};
            return facts;
        });
}

void inFloat(Run& run, Index patch, int dims) {
    nn::Compute compute;
    compute.threads = run.settings().threads;
    training(run, patch, dims, compute);
}

// As Fovea would train by itself on this machine.
void inChosen(Run& run, Index patch, int dims) {
    Job job;
    const nn::Compute compute = nn::chooseCompute(plannedNetwork(patch, dims), axesOf(patch, dims), batchSize, true,
                                                  run.settings().device, run.settings().threads, job)
                                    .compute;
    if (compute.dtype != "bfloat16") return run.skip("this device is not faster with bfloat16");
    training(run, patch, dims, compute);
}

constexpr Index modest3d{16, 128, 128}, planned3d{8, 448, 448}, modest2d{1, 512, 512};

}  // namespace

std::vector<Case> trainCases() {
    return {
        {"train_3d_16x128x128", "Training iteration, modest 3D patch, batch 2, float32",
         [](Run& run) { inFloat(run, modest3d, 3); }},
        {"train_3d_16x128x128_bf16", "The same as Fovea chooses to compute it",
         [](Run& run) { inChosen(run, modest3d, 3); }},
        {"train_2d_512", "Training iteration, 2D 512 x 512, batch 2, float32",
         [](Run& run) { inFloat(run, modest2d, 2); }},
        {"train_2d_512_bf16", "The same as Fovea chooses to compute it", [](Run& run) { inChosen(run, modest2d, 2); }},
        {"train_3d_planned_vnc1", "Training iteration of the planner's 3D patch 8 x 448 x 448",
         [](Run& run) { inFloat(run, planned3d, 3); }, false}};
}

}  // namespace fovea::bench
