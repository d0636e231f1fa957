#include "train/augment.h"

#include <algorithm>
#include <cmath>

#include "train/intensity_transforms.h"
#include "train/patch_geometry.h"

namespace fovea::train {

namespace {

// nnU-Net's factor: one half below, one half above 1.
double factor(Rng& rng, double low, double high) {
    return rng.uniform() < 0.5 ? rng.uniform(low, 1) : rng.uniform(1, high);
}

AffineMap mapOf(const SpatialDraw& draw, Index input, Index patch) {
    return mirroredFirst(turnedAndScaled(draw.angles, draw.scale, input, patch), draw.mirror, draw.transpose);
}

// The classes as labels; what is not known is outside.
LabelVolume knownClasses(const SampleArrays& window) {
    LabelVolume labels(window.target.shape());
    for (std::int64_t i = 0; i < labels.size(); ++i)
        labels.data()[i] = window.weight.data()[i] > 0 ? std::int16_t(window.target.data()[i]) : std::int16_t(-1);
    return labels;
}

}  // namespace

AugmentOptions AugmentOptions::none() {
    AugmentOptions o;
    o.mirror[0] = false;
    o.rotate = o.scale = o.noise = 0;
    o.blur = o.brightness = o.contrast = o.invertedGamma = o.gamma = {0, 0};
    return o;
}

AugmentOptions AugmentOptions::nnunet(Index patch, int dims) {
    const AugmentGeometry geometry = augmentGeometry(patch, dims);
    const double angle = geometry.rotation, side = geometry.inPlane ? 0 : angle;
    AugmentOptions o;
    o.rotate = o.scale = 0.2;
    o.angles = {angle, side, side};
    o.scaleFrom = 0.7, o.scaleTo = 1.4;
    o.scaleEvenly = true;
    o.scaleDepth = o.lowResolutionDepth = !geometry.inPlane;
    o.labels = LabelRule::Vote;
    o.noise = o.noiseTo = 0.1;
    o.blur = {0.2, 0.5};
    o.blurTo = 1;
    o.blurDepth = dims == 3;
    o.brightness = o.contrast = {0.15, 1};
    o.brightnessShift = 0;
    o.lowResolution = {0.25, 0.5};
    o.invertedGamma = {0.1, 1};
    o.gamma = {0.3, 1};
    o.mirror[0] = dims == 3;
    o.quarterTurns = false;
    return o;
}

SpatialDraw drawSpatial(const AugmentOptions& options, Index patch, Rng& rng) {
    SpatialDraw draw;
    if (rng.uniform() < options.rotate)
        for (int a = 0; a < 3; ++a)
            if (options.angles[a] > 0) draw.angles[a] = rng.uniform(-options.angles[a], options.angles[a]);
    if (rng.uniform() < options.scale) {
        const double f = options.scaleEvenly ? rng.uniform(options.scaleFrom, options.scaleTo)
                                             : factor(rng, options.scaleFrom, options.scaleTo);
        draw.scale = {options.scaleDepth ? f : 1, f, f};
    }
    for (std::size_t a = 0; a < 3; ++a) draw.mirror[a] = rng.uniform() < 0.5 && options.mirror[a];
    draw.mirror[0] = draw.mirror[0] && patch.z > 1;
    draw.transpose = rng.uniform() < 0.5 && options.quarterTurns && patch.y == patch.x;
    return draw;
}

Index spatialMargin(const SpatialDraw& draw, Index patch) {
    if (draw.plain()) return {0, 0, 0};
    const auto& m = turnedAndScaled(draw.angles, draw.scale, patch, patch).matrix;
    Index margin;
    for (int a = 0; a < 3; ++a) {
        double wanted = 0;
        for (int b = 0; b < 3; ++b) wanted += std::abs(m[std::size_t(3 * a + b)]) * double(patch[b]);
        const bool still = m[std::size_t(3 * a + a)] == 1;
        if (!still) margin[a] = std::max<std::int64_t>(0, std::int64_t(std::ceil((wanted - double(patch[a])) / 2)) + 1);
    }
    return margin;
}

SampleArrays applySpatial(const SampleArrays& window, Index patch, const SpatialDraw& draw, LabelRule rule) {
    SampleArrays result;
    const Index have = window.target.shape();
    if (draw.plain()) {
        const Box box = centreBox(have, patch);
        if (!window.target.box().contains(box)) throw Error(ErrorKind::Internal, "a patch larger than its window");
        for (const Volume<float>& channel : window.channels)
            result.channels.push_back(flipped(channel, box, draw.mirror, draw.transpose));
        result.target = flipped(window.target, box, draw.mirror, draw.transpose);
        result.weight = flipped(window.weight, box, draw.mirror, draw.transpose);
        return result;
    }
    const AffineMap map = mapOf(draw, have, patch);
    for (const Volume<float>& channel : window.channels)
        result.channels.push_back(sampledLinearly(channel, map, patch));
    const std::vector<std::int32_t> sources = labelSources(knownClasses(window), map, patch, rule);
    result.target = Volume<std::uint8_t>(patch);
    result.weight = Volume<float>(patch);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i] < 0) continue;  // unknown: certainty stays 0
        result.target.data()[i] = window.target.data()[sources[i]];
        result.weight.data()[i] = window.weight.data()[sources[i]];
    }
    return result;
}

std::vector<IntensityDraw> drawIntensity(const AugmentOptions& o, std::size_t channels, Rng& rng) {
    std::vector<IntensityDraw> draws(channels);
    const double sigma = rng.uniform() < o.noise ? rng.uniform(0, o.noiseTo) : 0;
    for (IntensityDraw& draw : draws) draw.noise = sigma;
    const auto drawn = [&](Chance chance, auto&& each) {
        if (rng.uniform() >= chance.sample) return;
        for (IntensityDraw& draw : draws)
            if (rng.uniform() < chance.channel) each(draw);
    };
    drawn(o.blur, [&](IntensityDraw& draw) {
        for (int a = o.blurDepth ? 0 : 1; a < 3; ++a) draw.blur[a] = rng.uniform(o.blurFrom, o.blurTo);
    });
    drawn(o.brightness, [&](IntensityDraw& draw) {
        draw.brightness = factor(rng, 0.75, 1.25);
        draw.shift = rng.uniform(-o.brightnessShift, o.brightnessShift);
    });
    drawn(o.contrast, [&](IntensityDraw& draw) { draw.contrast = factor(rng, 0.75, 1.25); });
    drawn(o.lowResolution, [&](IntensityDraw& draw) {
        const double scale = rng.uniform(0.5, 1);
        draw.lowResolution = Vec3{o.lowResolutionDepth ? scale : 1, scale, scale};
    });
    drawn(o.invertedGamma, [&](IntensityDraw& draw) { draw.invertedGamma = factor(rng, 0.7, 1.5); });
    drawn(o.gamma, [&](IntensityDraw& draw) { draw.gamma = factor(rng, 0.7, 1.5); });
    return draws;
}

void applyIntensity(Volume<float>& v, const IntensityDraw& draw, Rng& rng) {
    if (draw.noise > 0) addNoise(v, draw.noise, rng);
    blur(v, draw.blur);
    if (draw.brightness != 1 || draw.shift != 0) changeBrightness(v, draw.brightness, draw.shift);
    if (draw.contrast) changeContrast(v, *draw.contrast);
    if (draw.lowResolution) lowerResolution(v, *draw.lowResolution);
    if (draw.invertedGamma) changeGamma(v, *draw.invertedGamma, true);
    if (draw.gamma) changeGamma(v, *draw.gamma, false);
}

}  // namespace fovea::train
