#include "nn/compute.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/zeros_like.h>

#include <chrono>
#include <limits>
#include <optional>

#include "nn/device.h"
#include "nn/guards.h"
#include "nn/torch_errors.h"
#include "nn/unet.h"

namespace fovea::nn {

namespace {

// Square error on the logits costs what a loss costs next to the network.
void step(UNet& unet, const torch::Tensor& input, const Compute& compute, bool training) {
    const c10::AutoGradMode grad(training);
    torch::Tensor loss;
    {
        const AutocastGuard autocast(input.device(), compute);
        if (!training) {
            unet->forward(input);
            return;
        }
        for (const torch::Tensor& logits : unet->heads(input)) {
            const auto part = logits.to(torch::kFloat32).square().mean();
            loss = loss.defined() ? loss + part : part;
        }
    }
    loss.backward();
    unet->zero_grad();
}

double secondsOf(UNet& unet, const torch::Tensor& input, const Compute& compute, bool training,
                 const std::string& device) {
    synchronise(device);
    const auto start = std::chrono::steady_clock::now();
    step(unet, input, compute, training);
    synchronise(device);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The second of two steps; the first pays for kernels and caches, and ends it when it took longer than `most`.
std::optional<double> secondsIfItFits(UNet& unet, const torch::Tensor& input, const Compute& compute, bool training,
                                      const std::string& device, double most) {
    try {
        return translated([&]() -> std::optional<double> {
            place(*unet, device, compute);
            const auto x = placed(input, compute);
            if (secondsOf(unet, x, compute, training, device) > most) return std::nullopt;
            return secondsOf(unet, x, compute, training, device);
        });
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Memory) throw;
        emptyCache(device);
        return std::nullopt;
    }
}

}  // namespace

nlohmann::json toJson(const Compute& compute) {
    return {{"dtype", compute.dtype}, {"channels_last", compute.channelsLast}, {"threads", compute.threads}};
}

Compute computeFromJson(const nlohmann::json& json) {
    try {
        Compute compute{json.at("dtype").get<std::string>(), json.at("channels_last").get<bool>(),
                        json.at("threads").get<int>()};
        if ((compute.dtype == "float32" || compute.dtype == "bfloat16") && compute.threads >= 1 &&
            compute.threads <= 4096)
            return compute;
    } catch (const nlohmann::json::exception&) {
    }
    throw Error(ErrorKind::Format, Text(FOVEA_TR("The plan's entry compute = {value} is damaged. Make a new plan."),
                                        {{"value", json.dump()}}));
}

TimedCompute chooseCompute(const Topology& topology, const std::vector<std::int64_t>& patch, std::int64_t batch,
                           bool training, const std::string& device, int threads, Job& job) {
    return translated([&] {
        const int n = threads > 0 ? threads : hardwareThreads();
        const ThreadsGuard threadsGuard(n);
        Sizes shape{batch, topology.inChannels};
        shape.insert(shape.end(), patch.begin(), patch.end());
        UNet unet(topology);
        const auto input = at::rand(shape, torch::TensorOptions().device(torchDevice(device)));

        TimedCompute best{{}, std::numeric_limits<double>::infinity()};
        const Compute candidates[] = {
            {"bfloat16", false, n}, {"bfloat16", true, n}, {"float32", false, n}, {"float32", true, n}};
        for (const Compute& candidate : candidates) {
            job.check();
            const auto seconds = secondsIfItFits(unet, input, candidate, training, device, 3 * best.seconds);
            if (seconds && *seconds < best.seconds) best = {candidate, *seconds};
        }
        if (best.seconds == std::numeric_limits<double>::infinity())
            throw Error(ErrorKind::Memory,
                        Text(FOVEA_TR("The network does not fit into the memory of {device}. Choose a "
                                      "smaller patch or batch, or another device."),
                             {{"device", device}}));
        return best;
    });
}

}  // namespace fovea::nn
