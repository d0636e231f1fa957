#include <ATen/ops/randn.h>

#include "bench/benches.h"
#include "nn/compute.h"
#include "nn/guards.h"
#include "nn/kept_memory.h"
#include "nn/mae.h"

// The masked autoencoder's features of crops: ViT-B/16, nothing masked, the mean of all tokens but the first.
namespace fovea::bench {

namespace {

void features(Run& run, std::int64_t crops, const std::string& dtype) {
    const nn::NoGrad off(false);
    nn::Compute compute;
    compute.dtype = dtype, compute.threads = run.settings().threads;
    const nn::ThreadsGuard threads(compute.threads);
    const nn::KeepMemory keep;  // as maeFeatures()
    const c10::Device device = nn::torchDevice(run.settings().device);
    const nn::AutocastGuard autocast(device, compute);
    nn::Mae mae(nn::MaeConfig::base());
    mae->to(device);
    mae->eval();
    const at::Tensor images = at::randn({crops, 3, 224, 224}).to(device);
    at::Tensor table;
    run.measure([&] { table = mae->features(images).to(at::kCPU, at::kFloat); },
                [&] {
                    Facts facts;
                    facts.work = std::to_string(crops) + " crops 3 x 224 x 224, nothing masked, token mean -> " +
                                 std::to_string(crops) + " x 768, " + dtype;
                    facts.rates = {{"crops/s", double(crops)}, {"GFLOP/s", 33.6 * double(crops)}};
                    facts.check = {{"shape", table.sizes().vec()}};
                    return facts;
                });
}

}  // namespace

Bench mae() {
    return {"mae",
            {{"features_b1_fp32", "Encoder, one crop at a time", [](Run& run) { features(run, 1, "float32"); }},
             {"features_b8_fp32", "Encoder, batch 8", [](Run& run) { features(run, 8, "float32"); }},
             {"features_b8_bf16", "Encoder, batch 8, bf16 autocast", [](Run& run) { features(run, 8, "bfloat16"); }}}};
}

}  // namespace fovea::bench
