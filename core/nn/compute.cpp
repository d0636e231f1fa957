#include "nn/compute.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/zeros_like.h>

#include <chrono>
#include <limits>
#include <optional>
#include <vector>

#include "nn/device.h"
#include "nn/guards.h"
#include "nn/kept_memory.h"
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

// One step; empty when it does not fit into memory.
std::optional<double> secondsIfItFits(UNet& unet, const torch::Tensor& input, const Compute& compute, bool training,
                                      const std::string& device) {
    try {
        return translated([&]() -> std::optional<double> {
            place(*unet, device, compute);
            return secondsOf(unet, placed(input, compute), compute, training, device);
        });
    } catch (const Error& e) {
        if (e.kind() != ErrorKind::Memory) throw;
        emptyCache(device);
        return std::nullopt;
    }
}

struct Candidate {
    Compute compute;
    double seconds = std::numeric_limits<double>::infinity();  // of its fastest step
    bool fits = true;
};

constexpr int timedRounds = 4;            // the first pays for kernels and caches
constexpr double hopeless = 2;            // times the best so far: not timed again
constexpr double scaledGradients = 1.15;  // float16 must be so much faster than bfloat16 to be worth its scaled losses

// In this order, so that of two that tie the wider range of exponents is taken.
std::vector<const char*> precisionsOf(const std::string& device) {
    if (findDevice(device).gpu) return {"bfloat16", "float32", "float16"};
    return {"bfloat16", "float32"};
}

// In turns, and the fastest step of each: other work on the machine slows single steps, and would decide alone if each
// candidate were timed once.
void timeInTurns(std::vector<Candidate>& candidates, UNet& unet, const torch::Tensor& input, bool training,
                 const std::string& device, Job& job) {
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < timedRounds; ++round)
        for (Candidate& c : candidates) {
            job.check();
            if (!c.fits || (round > 1 && c.seconds > hopeless * best)) continue;
            const auto seconds = secondsIfItFits(unet, input, c.compute, training, device);
            c.fits = seconds.has_value();
            if (seconds) c.seconds = std::min(c.seconds, *seconds);
            if (round > 0) best = std::min(best, c.seconds);
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
        if ((compute.dtype == "float32" || compute.dtype == "bfloat16" || compute.dtype == "float16") &&
            compute.threads >= 1 && compute.threads <= 4096)
            return compute;
    } catch (const nlohmann::json::exception&) {
    }
    throw Error(ErrorKind::Format, Text(FOVEA_TR("The plan's entry compute = {value} is damaged. Make a new plan."),
                                        {{"value", json.dump()}}));
}

Compute computeOfPublished(const std::string& device, int threads) {
    Compute compute;
    compute.dtype = findDevice(device).gpu ? "float16" : "float32";
    compute.threads = threads > 0 ? threads : hardwareThreads();
    return compute;
}

Compute computeOfEncoder(const std::string& device, int threads) {
    Compute compute = computeOfPublished(device, threads);
    if (!findDevice(device).gpu && fastBfloat16()) compute.dtype = "bfloat16";
    return compute;
}

TimedCompute chooseCompute(const Topology& topology, const std::vector<std::int64_t>& patch, std::int64_t batch,
                           bool training, const std::string& device, int threads, Job& job) {
    return translated([&] {
        const int n = threads > 0 ? threads : hardwareThreads();
        const ThreadsGuard threadsGuard(n);
        const KeepMemory keep;
        Sizes shape{batch, topology.inChannels};
        shape.insert(shape.end(), patch.begin(), patch.end());
        UNet unet(topology);
        const auto input = at::rand(shape, torch::TensorOptions().device(torchDevice(device)));

        std::vector<Candidate> candidates;
        for (const char* dtype : precisionsOf(device))
            for (const bool channelsLast : {false, true}) candidates.push_back({{dtype, channelsLast, n}});
        timeInTurns(candidates, unet, input, training, device, job);
        TimedCompute best{{}, std::numeric_limits<double>::infinity()};
        for (const Candidate& c : candidates) {
            const double handicap = c.compute.dtype == "float16" ? scaledGradients : 1;
            if (c.fits && c.seconds * handicap < best.seconds) best = {c.compute, c.seconds};
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
