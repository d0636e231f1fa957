#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/matmul.h>

#include <thread>

#include "base/error.h"
#include "nn/device.h"
#include "nn/guards.h"
#include "nn/torch_errors.h"
#include "nn/torch_test.h"
#include "nn/unet.h"

using namespace fovea;
using namespace fovea::nn;

namespace {

Topology small() {
    Topology t;
    t.features = {2, 4};
    t.kernels = {{1, 3, 3}, {3, 3, 3}};
    t.strides = {{1, 1, 1}, {1, 2, 2}};
    t.encoderConvs = {1, 1};
    t.decoderConvs = {1};
    return t;
}

void cpuIsAlwaysThere() {
    CHECK(devices().back().name == "cpu");
    CHECK(!devices().back().model.empty());
    CHECK(findDevice("cpu").totalBytes > 0);
    CHECK(findDevice("auto").name == devices().front().name);
    CHECK(whyNoGpu().empty() == devices().front().gpu);
    CHECK(hardwareThreads() >= 1);
    CHECK(torchVersion().starts_with("2."));
    const DeviceMemory memory = deviceMemory("cpu");
    CHECK(memory.freeBytes > 0 && memory.freeBytes <= memory.totalBytes);
    emptyCache("cpu");
    synchronise("cpu");
    resetPeak("cpu");
}

void unknownDevice() {
    try {
        findDevice("cuda:77");
        test::fail(__FILE__, __LINE__, "no error");
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::Device);
        CHECK(std::string(e.what()).find("cuda:77") != std::string::npos &&
              std::string(e.what()).find("cpu") != std::string::npos);
    }
    CHECK_THROWS(torchDevice("nonsense"), Error);
}

void sameAnswerFromAllThreads() {
    std::vector<std::size_t> counts(4);
    {
        std::vector<std::jthread> threads;
        for (auto& count : counts) threads.emplace_back([&count] { count = devices().size(); });
    }
    for (std::size_t count : counts) CHECK(count == devices().size());
}

void gpuWorksWhereThereIsOne() {
    if (!devices().front().gpu) SKIP("no GPU here: " + whyNoGpu());
    const std::string device = devices().front().name;
    resetPeak(device);
    const auto x = at::ones({256, 256}, at::TensorOptions().device(torchDevice(device)));
    CHECK_NEAR(at::matmul(x, x)[3][4].item<double>(), 256, 1e-3);
    synchronise(device);
    const DeviceMemory memory = deviceMemory(device);
    CHECK(memory.peakBytes >= 2 * 256 * 256 * 4 && memory.totalBytes > memory.freeBytes);
    emptyCache(device);
    Job job;
    CHECK(chooseCompute(small(), {4, 32, 32}, 2, true, device, 1, job).seconds > 0);
}

void guardsPutBack() {
    const auto x = at::ones({4, 4});
    {
        const AutocastGuard autocast(at::kCPU, {"bfloat16", false, 1});
        CHECK(at::matmul(x, x).scalar_type() == at::kBFloat16);
        {
            const AutocastGuard inner(at::kCPU, {"float32", false, 1});
            CHECK(at::matmul(x, x).scalar_type() == at::kFloat);
        }
        CHECK(at::matmul(x, x).scalar_type() == at::kBFloat16);
    }
    CHECK(!at::autocast::is_autocast_enabled(at::kCPU));
    CHECK(at::matmul(x, x).scalar_type() == at::kFloat);
    const int before = at::get_num_threads();
    {
        const ThreadsGuard two(2);
        CHECK(at::get_num_threads() == 2);
        const ThreadsGuard unchanged(0);
        CHECK(at::get_num_threads() == 2);
    }
    CHECK(at::get_num_threads() == before);
}

void torchErrorsAreTranslated() {
    try {
        translated([] { at::ones({2, 3}).matmul(at::ones({2, 3})); });
        test::fail(__FILE__, __LINE__, "no error");
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::Internal);
    }
    try {
        translated([] { at::empty({std::int64_t(1) << 45}); });
        test::fail(__FILE__, __LINE__, "no error");
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::Memory);
    }
}

void computeIsChosenByTiming() {
    Job job;
    for (bool training : {false, true}) {
        const TimedCompute timed = chooseCompute(small(), {4, 16, 16}, 1, training, "cpu", 1, job);
        CHECK(timed.seconds > 0 && timed.seconds < 60);
        CHECK(timed.compute.threads == 1);
        CHECK(computeFromJson(toJson(timed.compute)) == timed.compute);
    }
    CancelFlag cancelled;
    cancelled.cancel();
    CHECK_THROWS(chooseCompute(small(), {4, 16, 16}, 1, false, "cpu", 1, cancelled), Cancelled);
    CHECK_THROWS(computeFromJson({{"dtype", "float8"}, {"channels_last", false}, {"threads", 1}}), Error);
    CHECK_THROWS(computeFromJson({{"dtype", "float32"}}), Error);
}

}  // namespace

std::vector<test::NamedTest> fovea::test::tests() {
    return {{"cpuIsAlwaysThere", cpuIsAlwaysThere},
            {"unknownDevice", unknownDevice},
            {"sameAnswerFromAllThreads", sameAnswerFromAllThreads},
            {"gpuWorksWhereThereIsOne", gpuWorksWhereThereIsOne},
            {"guardsPutBack", guardsPutBack},
            {"torchErrorsAreTranslated", torchErrorsAreTranslated},
            {"computeIsChosenByTiming", computeIsChosenByTiming}};
}
