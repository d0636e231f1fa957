#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "bench/benches.h"
#include "nn/compute.h"
#include "nn/device.h"
#include "nn/guards.h"
#include "nn/kept_memory.h"
#include "nn/sam/checkpoint.h"
#include "nn/sam/frame.h"

// Segment Anything: the image encoder, and one prompt from a cached embedding to masks at the image's size.
namespace fovea::bench {

namespace {

using namespace nn::sam;

// The one tensor of a file that the peer left.
at::Tensor tensorAt(const std::filesystem::path& path) { return nn::readState(path).front().second; }

// The peer's weights where it left them; the work does not depend on the values.
Sam modelOf(const Run& run, const std::string& kind) {
    const std::filesystem::path weights = run.settings().dump / (kind + "_weights.pt");
    Sam sam = std::filesystem::exists(weights) ? loadSam(weights) : Sam(samNamed(kind));
    sam->to(nn::torchDevice(run.settings().device));
    sam->eval();
    return sam;
}

at::Tensor inputOf(const Run& run, const std::string& kind) {
    const std::filesystem::path input = run.settings().dump / (kind + "_input.pt");
    return std::filesystem::exists(input) ? tensorAt(input) : at::randn({1, 3, 1024, 1024});
}

// Intersection over union of two masks.
double iouOf(const at::Tensor& a, const at::Tensor& b) {
    const double either = (a | b).sum().item<double>();
    return either == 0 ? 1 : (a & b).sum().item<double>() / either;
}

at::Tensor exactly(Sam& sam, const at::Tensor& input) {
    const nn::AutocastGuard off(input.device(), {});
    return sam->embed(input);
}

// Of the masks that a grid of points gets from this embedding and from one in float32, the mean IoU.
double agreement(Sam& sam, const at::Tensor& embedding, const at::Tensor& exact) {
    const nn::AutocastGuard off(exact.device(), {});
    const at::Tensor positions = sam->promptEncoder()->densePositions();
    const Frame frame = frameOf(1024, 1024, sam->config().imageSize());
    double sum = 0;
    constexpr int side = 4;
    for (int i = 0; i < side * side; ++i) {
        Prompts prompts;
        const double y = (i / side + 0.5) * 1024 / side, x = (i % side + 0.5) * 1024 / side;
        prompts.points = inFrame(at::tensor({x, y}, at::kDouble).reshape({1, 1, 2}), frame).to(exact.device());
        prompts.labels = at::tensor({1}, at::kLong).reshape({1, 1}).to(exact.device());
        const auto maskOf = [&](const at::Tensor& seen) {
            return cutAtImageSize(singleMask(sam->predict(seen, positions, prompts)).logits, frame).masks > 0;
        };
        sum += iouOf(maskOf(embedding), maskOf(exact));
    }
    return sum / (side * side);
}

void encode(Run& run, const std::string& kind, const std::string& dtype, double gflop) {
    const nn::NoGrad off(false);
    nn::Compute compute;
    compute.dtype = dtype, compute.threads = run.settings().threads;
    const nn::ThreadsGuard threads(compute.threads);
    const c10::Device device = nn::torchDevice(run.settings().device);
    const nn::AutocastGuard autocast(device, compute);
    Sam sam = modelOf(run, kind);
    const at::Tensor input = inputOf(run, kind).to(device);
    const at::Tensor exact = dtype == "float32" ? at::Tensor() : exactly(sam, input);
    sam->packEncoder(compute);  // as SamModel
    at::Tensor embedding;
    run.measure(
        [&] {
            embedding = sam->embed(input);
            nn::synchronise(run.settings().device);
        },
        [&] {
            Facts facts;
            facts.work = "image encoder, 1 x 3 x 1024 x 1024 -> 1 x 256 x 64 x 64, " + dtype;
            facts.rates = {{"GFLOP/s", gflop}, {"Mpixel/s", 1.048576}};
            const at::Tensor real = embedding.to(at::kFloat);
            facts.check = {{"shape", real.sizes().vec()}, {"mean_abs", real.abs().mean().item<double>()}};
            if (dtype != "float32") facts.check["mask_iou"] = agreement(sam, real, exact);
            const std::filesystem::path theirs = run.settings().dump / (kind + "_embedding.pt");
            if (std::filesystem::exists(theirs)) {
                const at::Tensor want = tensorAt(theirs).to(device);
                facts.check["largest_deviation"] = ((real - want).abs().max() / want.abs().max()).item<double>();
            }
            return facts;
        });
}

void prompt(Run& run, std::int64_t side, bool refine, const std::string& dtype = "float32") {
    const nn::NoGrad off(false);
    nn::Compute compute;
    compute.dtype = dtype, compute.threads = run.settings().threads;
    const nn::ThreadsGuard threads(compute.threads);
    const c10::Device device = nn::torchDevice(run.settings().device);
    const nn::AutocastGuard autocast(device, compute);
    Sam sam = modelOf(run, "vit_b");
    const Frame frame = frameOf(side, side, sam->config().imageSize());
    const nn::KeepMemory keep;  // as SamModel
    // As EmbeddingCache keeps it.
    const at::Tensor embedding = at::randn({1, 256, 64, 64}).to(device).contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor positions = sam->promptEncoder()->densePositions();
    Prompts prompts;
    prompts.points =
        inFrame(at::tensor({0.4 * double(side), 0.6 * double(side)}, at::kDouble).reshape({1, 1, 2}), frame).to(device);
    prompts.labels = at::tensor({1}, at::kLong).reshape({1, 1}).to(device);
    if (refine) prompts.masks = multimasks(sam->predict(embedding, positions, prompts)).logits.narrow(1, 0, 1);
    const auto answer = [&] {
        const MaskPrediction all = sam->predict(embedding, positions, prompts);
        return cutAtImageSize((refine ? singleMask(all) : multimasks(all)).logits, frame).masks;
    };
    at::Tensor masks;
    run.measure([&] { masks = answer(); },
                [&] {
                    Facts facts;
                    facts.work = "1 positive point" + std::string(refine ? " + previous low-resolution mask" : "") +
                                 ", cached embedding -> " + std::to_string(masks.size(1)) + " boolean masks " +
                                 std::to_string(side) + " x " + std::to_string(side);
                    facts.check = {{"masks", masks.sizes().slice(1).vec()}, {"dtype", "bool"}};
                    if (dtype != "float32") {
                        const nn::AutocastGuard off(device, {});
                        facts.check["mask_iou"] = iouOf(masks > 0, answer() > 0);
                    }
                    return facts;
                });
}

}  // namespace

Bench sam() {
    return {"sam",
            {
                {"vit_b_encode_fp32", "ViT-B encoder, single precision",
                 [](Run& run) { encode(run, "vit_b", "float32", 970); }},
                {"vit_b_encode_bf16", "ViT-B encoder, bf16 autocast",
                 [](Run& run) { encode(run, "vit_b", "bfloat16", 970); }},
                {"vit_b_encode_fp16", "ViT-B encoder, float16 autocast: for GPUs",
                 [](Run& run) { encode(run, "vit_b", "float16", 970); }, false},
                {"vit_t_encode_fp32", "ViT-tiny encoder, single precision",
                 [](Run& run) { encode(run, "vit_t", "float32", 77); }},
                {"vit_t_encode_bf16", "ViT-tiny encoder, bf16 autocast",
                 [](Run& run) { encode(run, "vit_t", "bfloat16", 77); }},
                {"prompt_1024_3masks", "One point to three masks of 1024 x 1024",
                 [](Run& run) { prompt(run, 1024, false); }},
                {"prompt_1024_3masks_bf16", "The same, bf16 autocast",
                 [](Run& run) { prompt(run, 1024, false, "bfloat16"); }},
                {"prompt_1024_refine", "One point and a mask to a mask of 1024 x 1024",
                 [](Run& run) { prompt(run, 1024, true); }},
                {"prompt_4096_3masks", "One point to three masks of 4096 x 4096",
                 [](Run& run) { prompt(run, 4096, false); }},
                {"prompt_4096_refine", "One point and a mask to a mask of 4096 x 4096",
                 [](Run& run) { prompt(run, 4096, true); }},
            }};
}

}  // namespace fovea::bench
