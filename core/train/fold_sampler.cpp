#include "train/fold_sampler.h"

#include <algorithm>

#include "base/error.h"
#include "train/cascade_labels.h"
#include "train/spatial_transform.h"

namespace fovea::train {

struct FoldSampler::Window {
    std::vector<Volume<float>> channels;
    LabelVolume labels, previous;
};

namespace {

constexpr std::int16_t outside = -1, mostClasses = 254;

Box partOf(const FoldCase& one) { return one.part.value_or(Box::of(one.image->info().shape())); }

// The content of a box of an image; `beyond` where it reaches over `part`.
template <class T>
Volume<T> readPadded(const ImageSource& image, int channel, const Box& box, const Box& part, T beyond) {
    Volume<T> result(box.extent(), beyond);
    const Box inside = box.intersected(part);
    if (inside.empty()) return result;
    const Volume<T> read = image.readAs<T>(inside, channel);
    copyBox(read, read.box(), result, inside.begin - box.begin);
    return result;
}

void checkCase(const FoldCase& one, int channels) {
    const ImageInfo& info = one.image->info();
    if (info.channels != channels)
        throw Error(ErrorKind::Input,
                    {FOVEA_TR("{path} has {n} channels, other cases have {want}. Preprocess again."),
                     {{"path", info.path}, {"n", std::to_string(info.channels)}, {"want", std::to_string(channels)}}});
    for (const ImagePtr& other : {one.labels, one.previous})
        if (other && !(other->info().shape() == info.shape()))
            throw Error(ErrorKind::Input, {FOVEA_TR("{other} is {a} voxels, {path} is {b}. Preprocess again."),
                                           {{"other", other->info().path},
                                            {"a", toString(other->info().shape())},
                                            {"path", info.path},
                                            {"b", toString(info.shape())}}});
}

// Margin of a draw, inside of the window that nnU-Net's loader reads: what lies beyond it counts as outside.
Index marginWithin(const SpatialDraw& draw, Index patch, Index window) {
    Index margin = spatialMargin(draw, patch);
    for (int a = 0; a < 3; ++a) margin[a] = std::min(margin[a], (window[a] - patch[a] + 1) / 2);
    return margin;
}

template <class T>
Volume<T> plainCrop(const Volume<T>& window, Index patch, const SpatialDraw& draw) {
    return flipped(window, centreBox(window.shape(), patch), draw.mirror, draw.transpose);
}

}  // namespace

FoldSampler::FoldSampler(std::vector<FoldCase> cases, FoldSamplerOptions options)
    : cases_(std::move(cases)), options_(std::move(options)) {
    if (cases_.empty()) throw Error(ErrorKind::Input, FOVEA_TR("There is no case to learn from in this fold."));
    for (const FoldCase& one : cases_) checkCase(one, cases_.front().image->info().channels);
}

// Where a class is; nothing where any place will do.
std::optional<Index> FoldSampler::around(const FoldCase& one, bool forced, Rng& rng) const {
    const auto anyOf = [&](const std::vector<Index>& places) {
        return places[std::size_t(rng.below(std::int64_t(places.size())))];
    };
    if (forced) {
        std::vector<const std::vector<Index>*> present;
        for (const auto& places : one.locations)
            if (!places.empty()) present.push_back(&places);
        if (!present.empty()) return anyOf(*present[std::size_t(rng.below(std::int64_t(present.size())))]);
    }
    if (!one.annotated.empty()) return anyOf(one.annotated);
    return std::nullopt;
}

Box FoldSampler::place(const FoldCase& one, bool forced, Rng& rng) const {
    const Index patch = options_.patch;
    const Index window = options_.augment ? augmentGeometry(patch, options_.dims).initialPatch : patch;
    const Box part = partOf(one);
    const StartRange range = startRange(part.extent(), window, patch);
    Index start;
    if (const auto location = around(one, forced, rng)) {
        start = startAround(*location - part.begin, range, window);
    } else {
        for (int a = 0; a < 3; ++a) start[a] = range.lower[a] + rng.below(range.upper[a] - range.lower[a] + 1);
    }
    return centreBox(window, patch).shifted(start + part.begin);
}

FoldSampler::Window FoldSampler::read(const FoldCase& one, const Box& box) const {
    const Box part = partOf(one);
    Window window;
    for (int c = 0; c < one.image->info().channels; ++c)
        window.channels.push_back(readPadded<float>(*one.image, c, box, part, 0));
    window.labels = readPadded<std::int16_t>(*one.labels, 0, box, part, outside);
    if (one.previous) window.previous = readPadded<std::int16_t>(*one.previous, 0, box, part, outside);
    return window;
}

SampleArrays FoldSampler::sample(std::uint64_t index) const {
    Rng rng(options_.seed, index);
    const FoldCase& one = cases_[std::size_t(rng.below(std::int64_t(cases_.size())))];
    const bool forced =
        std::int64_t(index % std::uint64_t(options_.batch)) >= options_.batch - forcedForeground(options_.batch);
    const Index patch = options_.patch;
    const Box box = place(one, forced, rng);

    SampleArrays result;
    LabelVolume labels, previous;
    if (const auto& augment = options_.augment) {
        const SpatialDraw draw = drawSpatial(*augment, patch, rng);
        const Index margin = marginWithin(draw, patch, augmentGeometry(patch, options_.dims).initialPatch);
        Window window = read(one, box.grown(margin));
        const Index have = window.labels.shape();
        const AffineMap map =
            mirroredFirst(turnedAndScaled(draw.angles, draw.scale, have, patch), draw.mirror, draw.transpose);
        for (const Volume<float>& channel : window.channels)
            result.channels.push_back(draw.plain() ? plainCrop(channel, patch, draw)
                                                   : sampledLinearly(channel, map, patch));
        const auto sampled = [&](const LabelVolume& from) {
            return draw.plain() ? plainCrop(from, patch, draw) : sampledLabels(from, map, patch, augment->labels);
        };
        labels = sampled(window.labels);
        if (one.previous) previous = sampled(window.previous);
        const auto grey = drawIntensity(*augment, result.channels.size(), rng);
        for (std::size_t c = 0; c < grey.size(); ++c) applyIntensity(result.channels[c], grey[c], rng);
        for (std::size_t c = 0; c < result.channels.size() && c < options_.masked.size(); ++c)
            if (options_.masked[c]) maskOutside(result.channels[c], labels);
    } else {
        Window window = read(one, box);
        result.channels = std::move(window.channels);
        labels = std::move(window.labels);
        previous = std::move(window.previous);
    }
    if (one.previous) {
        std::vector<Volume<float>> earlier = oneHotChannels(previous, options_.previousClasses);
        if (options_.augment) spoilCascadeLabels(earlier, {}, rng);
        for (Volume<float>& channel : earlier) result.channels.push_back(std::move(channel));
    }

    result.target = Volume<std::uint8_t>(patch);
    result.weight = Volume<float>(patch, 1.0f);
    for (std::int64_t i = 0; i < labels.size(); ++i) {
        const std::int16_t label = labels.data()[i];
        if (options_.ignore && label == *options_.ignore)
            result.weight.data()[i] = 0;
        else if (label > mostClasses)
            throw Error(ErrorKind::Unsupported,
                        {FOVEA_TR("{path} holds the label {n}; networks tell at most {most} classes apart here."),
                         {{"path", one.labels->info().path},
                          {"n", std::to_string(label)},
                          {"most", std::to_string(mostClasses)}}});
        else
            result.target.data()[i] = std::uint8_t(std::max<std::int16_t>(label, 0));
    }
    return result;
}

}  // namespace fovea::train
