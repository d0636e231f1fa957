#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"
#include "bench/benches.h"
#include "plan/topology.h"
#include "train/augment.h"
#include "train/intensity_transforms.h"
#include "train/label_transforms.h"
#include "train/loss.h"
#include "train/patch_geometry.h"

// nnU-Net's augmentation: the same windows, transforms, probabilities and targets as the peers.
namespace fovea::bench {

namespace {

using namespace train;

constexpr int samples = 200;

// A texture of the smoothness of electron micrographs with mean 0 and deviation 1; what is bright is labelled.
Volume<float> texture(Index shape) {
    Volume<float> v(shape);
    Rng rng(1);
    addNoise(v, 1, rng);
    for (int pass = 0; pass < 4; ++pass) blur(v, {0.3, 1.5, 1.5});
    double square = 0;
    for (float x : v) square += double(x) * x;
    changeBrightness(v, 1 / std::sqrt(square / double(v.size())));
    return v;
}

struct Sample {
    Volume<float> image;
    std::vector<LabelVolume> targets;
};

Sample augmented(const Volume<float>& image, const LabelVolume& labels, Index patch, const AugmentOptions& options,
                 const std::vector<std::vector<double>>& scales, std::uint64_t i) {
    Rng rng(3, i);
    const SpatialDraw draw = drawSpatial(options, patch, rng);
    Sample sample;
    LabelVolume turned;
    if (draw.plain()) {
        const Box middle = centreBox(image.shape(), patch);
        sample.image = flipped(image, middle, draw.mirror);
        turned = flipped(labels, middle, draw.mirror);
    } else {
        const AffineMap map =
            mirroredFirst(turnedAndScaled(draw.angles, draw.scale, image.shape(), patch), draw.mirror, false);
        sample.image = sampledLinearly(image, map, patch);
        turned = sampledLabels(labels, map, patch, options.labels);
    }
    applyIntensity(sample.image, drawIntensity(options, 1, rng).front(), rng);
    replaceLabel(turned, -1, 0);
    for (const auto& s : scales)
        sample.targets.push_back(atScale(turned, {s.size() == 3 ? s[0] : 1, s[s.size() - 2], s.back()}));
    return sample;
}

void augmentation(Run& run, Index patch, int dims, int threads) {
    const AugmentOptions options = AugmentOptions::nnunet(patch, dims);
    const Volume<float> image = texture(augmentGeometry(patch, dims).initialPatch);
    LabelVolume labels(image.shape());
    for (std::int64_t i = 0; i < image.size(); ++i) labels.data()[i] = image.data()[i] > 0.5f;
    const std::vector<double> spacing{50, 4.6, 4.6}, size{double(patch.z), double(patch.y), double(patch.x)};
    const auto strides =
        plan::planPooling({spacing.end() - dims, spacing.end()}, {size.end() - dims, size.end()}).strides;
    const auto scales = deepSupervisionScales(strides);
    Sample last;
    run.measure(
        [&] {
            setThreadCount(threads);
            Job job;
            parallelFor(samples, job, [&](std::int64_t i) {
                Sample sample = augmented(image, labels, patch, options, scales, std::uint64_t(i));
                if (i + 1 == samples) last = std::move(sample);
            });
        },
        [&] {
            const Index n = last.image.shape();
            Facts facts;
            facts.work =
                "200 samples 1 x " + toString(image.shape()) + " -> " + toString(patch) +
                ", image + labels, nnU-Net's transforms, targets at every scale, threads: " + std::to_string(threads);
            facts.check = {{"image", dims == 2 ? nlohmann::json{1, n.y, n.x} : nlohmann::json{1, n.z, n.y, n.x}},
                           {"targets", last.targets.size()}};
            facts.rates = {{"samples/s", samples}};
            return facts;
        });
}

}  // namespace

std::vector<Case> augmentCases() {
    return {{"augment_3d_16x128x128", "default augmentation, modest 3D patch, one worker",
             [](Run& run) { augmentation(run, {16, 128, 128}, 3, 1); }},
            {"augment_3d_16x128x128_threads", "The same on all threads there are",
             [](Run& run) { augmentation(run, {16, 128, 128}, 3, run.settings().threads); }},
            {"augment_2d_512", "default augmentation, 2D 512 x 512, one worker",
             [](Run& run) { augmentation(run, {1, 512, 512}, 2, 1); }}};
}

}  // namespace fovea::bench
