#include "train/cascade_labels.h"

#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "measure/components.h"
#include "measure/distance.h"

namespace fovea::train {

namespace {

using Mask = Volume<std::uint8_t>;
using Channels = std::vector<Volume<float>>;

Mask inverse(const Mask& mask) {
    Mask result(mask.shape());
    std::transform(mask.begin(), mask.end(), result.begin(), [](std::uint8_t v) { return std::uint8_t(v == 0); });
    return result;
}

// What is further than `radius` from any voxel that is not in the mask.
Mask eroded(const Mask& mask, double radius) {
    const Volume<float> distance = measure::distanceTransform(mask);
    Mask result(mask.shape());
    std::transform(distance.begin(), distance.end(), result.begin(),
                   [radius](float d) { return std::uint8_t(double(d) > radius); });
    return result;
}

Mask dilated(const Mask& mask, double radius) { return inverse(eroded(inverse(mask), radius)); }

Mask maskOf(const Volume<float>& channel) {
    Mask mask(channel.shape());
    std::transform(channel.begin(), channel.end(), mask.begin(), [](float v) { return std::uint8_t(v > 0); });
    return mask;
}

void changeShape(Channels& labels, std::size_t label, const CascadeSpoiling& options, Rng& rng) {
    const auto operation = Morphology(rng.below(4));
    const double radius = rng.uniform(options.radiusFrom, options.radiusTo);
    const Mask before = maskOf(labels[label]), after = morphed(before, operation, radius);
    for (std::int64_t i = 0; i < after.size(); ++i) {
        labels[label].data()[i] = after.data()[i];
        if (after.data()[i] == 0 || before.data()[i] != 0) continue;
        for (std::size_t other = 0; other < labels.size(); ++other)
            if (other != label) labels[other].data()[i] = 0;
    }
}

void removeComponent(Volume<float>& label, const CascadeSpoiling& options, Rng& rng) {
    const measure::Components components = measure::connectedComponents(maskOf(label), 26);
    std::vector<std::int32_t> small;
    for (std::int32_t id = 1; id <= components.count(); ++id)
        if (double(components.sizes[std::size_t(id - 1)]) < options.largestRemoved * double(label.size()))
            small.push_back(id);
    if (small.empty()) return;
    const std::int32_t removed = small[std::size_t(rng.below(std::int64_t(small.size())))];
    for (std::int64_t i = 0; i < label.size(); ++i)
        if (components.labels.data()[i] == removed) label.data()[i] = 0;
}

void spoil(Channels& labels, const CascadeSpoiling& options, Rng& rng) {
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    if (rng.uniform() < options.shape.sample) {
        rng.shuffle(order);
        for (const std::size_t label : order)
            if (rng.uniform() < options.shape.channel) changeShape(labels, label, options, rng);
    }
    if (rng.uniform() < options.removal.sample)
        for (Volume<float>& label : labels)
            if (rng.uniform() < options.removal.channel) removeComponent(label, options, rng);
}

}  // namespace

Mask morphed(const Mask& mask, Morphology operation, double radius) {
    switch (operation) {
        case Morphology::Dilate:
            return dilated(mask, radius);
        case Morphology::Erode:
            return eroded(mask, radius);
        case Morphology::Close:
            return eroded(dilated(mask, radius), radius);
        case Morphology::Open:
            break;
    }
    return dilated(eroded(mask, radius), radius);
}

void spoilCascadeLabels(Channels& labels, const CascadeSpoiling& options, Rng& rng) {
    // Samples are made on threads of their own: what is inside of a parallel loop starts no others.
    Job nothing;
    parallelFor(1, nothing, [&](std::int64_t) { spoil(labels, options, rng); });
}

}  // namespace fovea::train
