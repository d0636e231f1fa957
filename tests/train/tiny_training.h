#pragma once
#include "base/job.h"
#include "train/fixtures.h"
#include "train/mae_trainer.h"
#include "train/trainer.h"

// Trainings that take a second.
namespace fovea::test {

inline nn::Topology tinyTopology(std::int64_t classes = 3, std::int64_t base = 4) {
    nn::Topology t;
    t.dims = 2;
    t.outChannels = classes;
    t.features = {base, 2 * base, 2 * base};
    t.kernels = {{3, 3}, {3, 3}, {3, 3}};
    t.strides = {{1, 1}, {2, 2}, {2, 2}};
    t.encoderConvs = {1, 1, 1};
    t.decoderConvs = {1, 1};
    return t;
}

inline train::TrainRequest tinyRequest(const std::filesystem::path& folder, std::int64_t iterations) {
    train::TrainRequest request;
    request.topology = tinyTopology();
    request.sampler.patch = {1, 32, 32};
    request.sources = {{{squares({1, 96, 96})}}};
    request.loop.iterations = iterations;
    request.loop.batch = 2;
    request.loop.warmup = 2;
    request.loop.learningRate = 1e-2;
    request.loop.ema = 0.9;
    request.loop.tuneEvery = 3;
    request.tuning = {{{squares({1, 64, 64})}}};
    request.tuningPatches = 2;
    request.folder = folder;
    request.seed = 11;
    return request;
}

inline train::MaeRequest tinyMae(const std::filesystem::path& folder) {
    train::MaeRequest request;
    request.config.imageSize = 32, request.config.patchSize = 8;
    request.config.width = 24, request.config.depth = 1, request.config.heads = 2;
    request.config.decoderWidth = 16, request.config.decoderDepth = 1, request.config.decoderHeads = 2;
    const std::vector<Box> held{{{0, 0, 60}, {2, 90, 90}}};
    request.cases = {{"a", std::make_shared<Guarded>(squares({2, 90, 90}).image, held), held}};
    request.loop.iterations = 8;
    request.loop.batch = 2;
    request.loop.warmup = 2;
    request.folder = folder;
    request.seed = 4;
    return request;
}

}  // namespace fovea::test
