#include "infer/features.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <span>

#include "nn/guards.h"
#include "nn/kept_memory.h"
#include "nn/torch_errors.h"

namespace fovea::infer {

namespace {

void checkPatch(const Patch& patch, const ImageSource& image) {
    if (!patch.box.empty() && Box::of(image.info().shape()).contains(patch.box)) return;
    throw Error(
        ErrorKind::Input,
        Text(FOVEA_TR("The patch {box} does not lie inside {path} ({shape}). Make the patches again."),
             {{"box", toString(patch.box)}, {"path", image.info().path}, {"shape", toString(image.info().shape())}}));
}

// (channels, z, y, x) float32, raw grey values.
at::Tensor readBox(const ImageSource& image, const Box& box, std::int64_t channels) {
    std::vector<at::Tensor> result;
    const Index n = box.extent();
    for (std::int64_t c = 0; c < channels; ++c) {
        Volume<float> values = image.read(0, int(c), box).to<float>();
        result.push_back(at::from_blob(values.data(), {n.z, n.y, n.x}, at::kFloat).clone());
    }
    return at::stack(result);
}

void append(FeatureTable& table, const at::Tensor& vectors) {
    const auto plain = vectors.to(at::kCPU).to(at::kFloat).contiguous();
    table.dim = plain.size(1);
    table.values.insert(table.values.end(), plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel());
}

// The sections of a patch that the autoencoder sees, normalised: (sections, 3, S, S).
at::Tensor sectionsOf(const ImageSource& image, const Box& box, const nn::MaeConfig& config, int sections) {
    if (image.info().channels < int(config.ranges.size()))
        throw Error(
            ErrorKind::Input,
            Text(FOVEA_TR("The autoencoder was trained on {wanted} channels, {path} has {there}. Train it on images "
                          "of this kind."),
                 {{"wanted", std::to_string(config.ranges.size())},
                  {"path", image.info().path},
                  {"there", std::to_string(image.info().channels)}}));
    const std::int64_t depth = box.extent().z, n = std::clamp<std::int64_t>(sections, 1, depth);
    std::vector<at::Tensor> pictures;
    for (std::int64_t i = 0; i < n; ++i) {
        Box section = box;
        section.begin.z = box.begin.z + (2 * i + 1) * depth / (2 * n);
        section.end.z = section.begin.z + 1;
        const auto grey = readBox(image, section, std::int64_t(config.ranges.size())).permute({1, 0, 2, 3});
        pictures.push_back(nn::maeInput(grey, config, config.imageSize));
    }
    return at::cat(pictures);
}

// The patch in tiles of one size, zeros beyond its end; at most `most`, evenly chosen.
std::vector<Box> tilesOf(const Box& box, Index tile, std::size_t most) {
    std::vector<Box> all, chosen;
    forEachTile(box, tile, [&](const Box& b) { all.push_back(b); });
    const std::size_t n = std::min(most, all.size());
    for (std::size_t i = 0; i < n; ++i) chosen.push_back(all[(2 * i + 1) * all.size() / (2 * n)]);
    return chosen;
}

at::Tensor tileInput(const ImageSource& image, const Box& box, Index tile,
                     const std::vector<plan::ChannelNorm>& norms) {
    const Index n = box.extent();
    auto input = at::zeros({std::int64_t(norms.size()), tile.z, tile.y, tile.x});
    for (std::size_t c = 0; c < norms.size(); ++c) {
        Volume<float> values = image.read(0, int(c), box).to<float>();
        plan::normalise(values.data(), values.size(), norms[c]);
        input[std::int64_t(c)].narrow(0, 0, n.z).narrow(1, 0, n.y).narrow(2, 0, n.x).copy_(
            at::from_blob(values.data(), {n.z, n.y, n.x}, at::kFloat));
    }
    return input;
}

// Calls vectorsOf(patches of a group) → (patches, dim) for groups of `group`, with gradients off and precision set.
template <class F>
FeatureTable forEachGroup(const std::vector<Patch>& patches, const char* source, std::size_t group,
                          const FeatureOptions& options, Job& job, F&& vectorsOf) {
    FeatureTable table;
    table.patches = patches;
    table.source = source;
    nn::translated([&] {
        const c10::AutoGradMode off(false);
        const nn::ThreadsGuard threads(options.compute.threads);
        const nn::KeepMemory keep;
        const nn::AutocastGuard autocast(nn::torchDevice(options.device), options.compute);
        for (std::size_t i = 0; i < patches.size(); i += group) {
            job.yield();
            job.check();
            const std::size_t end = std::min(i + group, patches.size());
            append(table, vectorsOf(std::span(patches).subspan(i, end - i)));
            job.progress(double(end), double(patches.size()), Text(FOVEA_TR("Describing patches")));
        }
    });
    return table;
}

}  // namespace

FeatureTable maeFeatures(nn::Mae mae, const std::vector<Patch>& patches, const ImageOf& imageOf,
                         const FeatureOptions& options, Job& job) {
    nn::place(*mae, options.device, options.compute);
    mae->eval();
    const auto device = nn::torchDevice(options.device);
    const auto group = std::max<std::int64_t>(1, options.batch / std::max(1, options.sections));
    return forEachGroup(patches, "mae", std::size_t(group), options, job, [&](std::span<const Patch> some) {
        std::vector<at::Tensor> pictures;
        std::vector<std::int64_t> counts;
        for (const Patch& patch : some) {
            const ImagePtr image = imageOf(patch.caseId);
            checkPatch(patch, *image);
            pictures.push_back(sectionsOf(*image, patch.box, mae->config(), options.sections));
            counts.push_back(pictures.back().size(0));
        }
        const auto all = mae->features(nn::placed(at::cat(pictures).to(device), options.compute)).to(at::kFloat);
        std::vector<at::Tensor> means;
        for (const at::Tensor& sections : all.split_with_sizes(counts)) means.push_back(sections.mean(0));
        return at::stack(means);
    });
}

FeatureTable unetFeatures(nn::UNet unet, const std::vector<Patch>& patches, const ImageOf& imageOf,
                          const NormsOf& normsOf, Index tile, const FeatureOptions& options, Job& job) {
    nn::place(*unet, options.device, options.compute);
    unet->eval();
    const auto device = nn::torchDevice(options.device);
    const bool flat = unet->topology().dims == 2;
    const Index size = flat ? Index{1, tile.y, tile.x} : tile;
    return forEachGroup(patches, "unet", 1, options, job, [&](std::span<const Patch> one) {
        const Patch& patch = one.front();
        const ImagePtr image = imageOf(patch.caseId);
        checkPatch(patch, *image);
        const auto norms = normsOf(patch.caseId);
        std::vector<at::Tensor> vectors;
        for (const Box& box : tilesOf(patch.box, size, 8)) {
            job.check();
            auto input = tileInput(*image, box, size, norms);
            input = (flat ? input.select(1, 0) : input).unsqueeze(0).to(device);
            vectors.push_back(unet->describe(nn::placed(input, options.compute)).squeeze(0));
        }
        return at::stack(vectors).mean(0, true);
    });
}

}  // namespace fovea::infer
