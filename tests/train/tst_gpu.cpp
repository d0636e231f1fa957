// Trainings on a GPU, where there is one.
#include <torch/torch.h>

#include "base/file.h"
#include "nn/gpu_device.h"
#include "nn/torch_test.h"
#include "train/tiny_training.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

void learnsSquares() {
    const std::string device = gpu();
    for (const Method method : {Method::AdamW, Method::Sgd})
        for (const char* dtype : {"float32", "bfloat16", "float16"})
            for (const bool channelsLast : {false, true}) {
                file::TempFolder folder;
                TrainRequest request = tinyRequest(folder.path(), 60);
                request.device = device;
                request.compute.dtype = dtype;
                request.compute.channelsLast = channelsLast;
                request.loop.optimizer.method = method;
                request.loop.optimizer.momentum = 0.9;
                Job job;
                const TrainResult result = train::train(request, job);
                CHECK(result.loop.curve.size() == 60);
                CHECK(result.loop.curve.front().loss > result.loop.loss + 0.5);
                CHECK(result.loop.bestTuning && *result.loop.bestTuning > 0.5);
                nn::loadUNet(folder.path() / "model.safetensors");
            }
}

// The same samples in the same order, whatever prepares them.
void losesAsOnAProcessor() {
    const std::string device = gpu();
    file::TempFolder here, there;
    TrainRequest request = tinyRequest(here.path(), 8);
    Job job;
    const auto want = train::train(request, job).loop.curve;
    request.folder = there.path();
    request.device = device;
    const auto curve = train::train(request, job).loop.curve;
    for (std::size_t i = 0; i < want.size(); ++i) CHECK_NEAR(curve[i].loss, want[i].loss, 0.02);
}

void goesOnAfterAStop() {
    const std::string device = gpu();
    for (const char* dtype : {"bfloat16", "float16"}) {
        file::TempFolder folder;
        TrainRequest request = tinyRequest(folder.path(), 12);
        request.device = device;
        request.compute.dtype = dtype;
        class Stop : public Job {
          public:
            bool cancelled() const override { return steps >= 5; }
            void progress(double, double, const Text& what) override { steps += what.str().starts_with("Learning"); }
            using Job::progress;
            int steps = 0;
        } stop;
        CHECK_THROWS(train::train(request, stop), Cancelled);
        Job job;
        const TrainResult result = train::train(request, job);
        CHECK(result.loop.iterations == 12 && result.loop.curve.size() == 12);
    }
}

void learnsFeatures() {
    const std::string device = gpu();
    file::TempFolder folder;
    MaeRequest request = tinyMae(folder.path());
    request.device = device;
    request.loop.iterations = 30;
    Job job;
    const LoopResult result = trainMae(request, job);
    CHECK(result.iterations == 30 && result.loss < result.curve.front().loss);
}

void stepsAsOnAProcessor() {
    const std::string device = gpu();
    torch::manual_seed(6);
    for (const Method method : {Method::Sgd, Method::AdamW}) {
        const torch::Tensor start = torch::randn({8, 4, 3, 3});
        torch::Tensor here = start.clone().requires_grad_(), there = start.to(device).requires_grad_();
        Optimizer one({{"p", here}}, {method}), other({{"p", there}}, {method});
        for (int step = 0; step < 3; ++step) {
            const torch::Tensor grad = 10 * torch::randn_like(start);
            here.mutable_grad() = grad.clone(), there.mutable_grad() = grad.to(device);
            CHECK_NEAR(one.clip(12).item<double>(), other.clip(12).item<double>(), 1e-2);
            one.step(1e-2), other.step(1e-2);
        }
        CHECK(torch::allclose(here, there.cpu(), 1e-5, 1e-6));
    }
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    return {{"learns squares", learnsSquares},
            {"loses as on a processor", losesAsOnAProcessor},
            {"goes on after a stop", goesOnAfterAStop},
            {"learns features", learnsFeatures},
            {"steps as on a processor", stepsAsOnAProcessor}};
}
