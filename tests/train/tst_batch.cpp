// Samples as tensors.
#include <torch/torch.h>

#include "nn/torch_test.h"
#include "train/batch.h"
#include "train/fixtures.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

SamplerOptions optionsFor(Index patch) {
    SamplerOptions options;
    options.patch = patch;
    return options;
}

void collatesShapes() {
    Job job;
    const PatchSampler sampler({{{squares({4, 40, 40})}}}, optionsFor({4, 32, 32}), job);
    const Batch three = collate({sampler.sample(0), sampler.sample(1)}, 3);
    CHECK(three.image.sizes() == torch::IntArrayRef({2, 1, 4, 32, 32}));
    CHECK(three.target.sizes() == torch::IntArrayRef({2, 4, 32, 32}));
    const PatchSampler flat({{{squares({4, 40, 40})}}}, optionsFor({1, 32, 32}), job);
    CHECK(collate({flat.sample(0)}, 2).image.sizes() == torch::IntArrayRef({1, 1, 32, 32}));
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() { return {{"collates shapes", collatesShapes}}; }
