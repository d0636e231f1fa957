#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"
#include "bench/benches.h"
#include "plan/export_prediction.h"
#include "plan/nnunet_preprocess.h"

// The peers' preprocessing, resampling and export of a 20 × 1024 × 1024 stack at 50 × 4.6 × 4.6 nm.
namespace fovea::bench {

namespace {

constexpr Index stack{20, 1024, 1024};
constexpr Vec3 spacing{50, 4.6, 4.6}, coarser{50, 8, 8};

// Blurred noise, unless somebody put the real stack there.
tensorfile::Tensor standIn() {
    Rng rng(1);
    std::vector<std::uint8_t> values(std::size_t(stack.count()));
    double smooth = 0;
    for (std::uint8_t& value : values) {
        smooth = 0.9 * smooth + rng.normal();
        value = std::uint8_t(std::clamp(128 + 20 * smooth, 0.0, 255.0));
    }
    return tensorfile::Tensor::from({stack.z, stack.y, stack.x}, values);
}

Volume<float> noise(Index shape, std::uint64_t seed) {
    Rng rng(seed);
    Volume<float> volume(shape);
    for (float& value : volume) value = float(rng.normal());
    return volume;
}

plan::PreprocessRule rule() {
    plan::PreprocessRule result;
    result.spacing = {coarser.z, coarser.y, coarser.x};
    result.channels = {{plan::ChannelScheme::ZScore, false, {}}};
    return result;
}

void preprocess(Run& run) {
    setThreadCount(run.settings().threads);
    const tensorfile::Tensor file = run.cached("vnc1_20x1024x1024_u1", standIn);
    if (file.shape != tensorfile::Shape{stack.z, stack.y, stack.x})
        return run.skip("the input file holds another volume");
    const auto values = file.as<std::uint8_t>();
    const Volume<std::uint8_t> raw(stack, {values.begin(), values.end()});
    Volume<std::uint8_t> classes(stack);
    for (std::int64_t i = 0; i < raw.size(); ++i)
        classes.data()[i] = std::uint8_t((raw.data()[i] > 150) + (raw.data()[i] > 200));
    const MemoryImage image({AnyVolume::from(raw)}), labels({AnyVolume::from(classes)});
    plan::PreprocessedCase result;
    Job job;
    run.measure([&] { result = plan::preprocessCase({image, &labels, spacing, {{1}, {2}}}, rule(), job); },
                [&] {
                    const Volume<float>& channel = result.image[0];
                    double sum = 0, squares = 0;
                    for (const float value : channel) sum += value, squares += double(value) * value;
                    const double mean = sum / double(channel.size());
                    Facts facts;
                    facts.work = "image uint8 and 3-class labels 20 x 1024 x 1024 -> 20 x 589 x 589";
                    facts.rates = {{"input voxels/s", raw.size()}};
                    // The mean is 0 but for rounding: no fact to compare.
                    facts.check = {{"shape", {1, channel.shape().z, channel.shape().y, channel.shape().x}},
                                   {"std", std::sqrt(squares / double(channel.size()) - mean * mean)}};
                    return facts;
                });
}

void resample(Run& run) {
    setThreadCount(run.settings().threads);
    const Volume<float> block = noise({96, 96, 96}, 1);
    const plan::Resampling r = plan::resampling(block.shape(), {1.5, 1.5, 1.5}, {144, 144, 144}, {1, 1, 1}, {});
    Volume<float> result;
    Job job;
    run.measure([&] { result = plan::resampled(block, r, job); },
                [&] {
                    Facts facts;
                    facts.work = "1 x 96^3 -> 144^3 float";
                    facts.rates = {{"output voxels/s", result.size()}};
                    facts.check = {{"shape", {1, result.shape().z, result.shape().y, result.shape().x}}};
                    return facts;
                });
}

void exportLogits(Run& run) {
    setThreadCount(run.settings().threads);
    const Index grid{20, 589, 589};
    std::vector<Volume<float>> logits;
    for (std::uint64_t k = 0; k < 3; ++k) logits.push_back(noise(grid, k + 1));
    const plan::Prediction prediction{grid,
                                      3,
                                      [&](int k, std::int64_t begin, std::int64_t end, float* out) {
                                          plan::planesOf(logits[std::size_t(k)])(begin, end, out);
                                      },
                                      {}};
    const plan::CaseProperties properties{spacing, stack, Box::of(stack), {}};
    Volume<std::uint16_t> result;
    Job job;
    run.measure([&] { result = plan::exportedLabels(prediction, properties, rule(), job); },
                [&] {
                    Facts facts;
                    facts.work = "3 x 20 x 589 x 589 float -> labels 20 x 1024 x 1024";
                    facts.rates = {{"output voxels/s", result.size()}};
                    facts.check = {{"shape", {result.shape().z, result.shape().y, result.shape().x}}};
                    return facts;
                });
}

}  // namespace

std::vector<Case> preprocessCases() {
    return {{"preprocess_aniso", "Crop, z-score, order-3 in-plane resampling 4.6 -> 8 nm (separate z), labels too",
             preprocess},
            {"resample_iso_order3", "Order-3 resampling of an isotropic 96^3 block by 1.5 per axis", resample},
            {"export_logits", "Order-1 resampling of 3 logit maps to 20 x 1024 x 1024 and argmax", exportLogits}};
}

}  // namespace fovea::bench
