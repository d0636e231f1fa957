// Spatial, intensity and label transforms with given and with drawn parameters.
#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "support/named_tests.h"
#include "train/intensity_transforms.h"
#include "train/patch_geometry.h"

namespace {

using namespace fovea;
using namespace fovea::test;
using namespace fovea::train;

constexpr double pi = std::numbers::pi;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

template <class T>
Volume<T> counted(Index shape) {
    Volume<T> v(shape);
    for (std::int64_t i = 0; i < v.size(); ++i) v.data()[i] = T(i);
    return v;
}

double largest(const Volume<float>& a, const Volume<float>& b) {
    CHECK(a.shape() == b.shape());
    double most = 0;
    for (std::int64_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(double(a.data()[i]) - b.data()[i]));
    return most;
}

SampleArrays known(Index shape) {
    return {{Volume<float>(shape)}, Volume<std::uint8_t>(shape), Volume<float>(shape, 1.f)};
}

void mirroringMovesAllAlike() {
    SampleArrays window = known({2, 6, 6});
    for (std::int64_t i = 0; i < 72; ++i)
        window.channels[0].data()[i] = float(i), window.target.data()[i] = std::uint8_t(i),
        window.weight.data()[i] = float(i);
    SpatialDraw draw;
    draw.mirror[0] = draw.mirror[2] = draw.transpose = true;
    const SampleArrays out = applySpatial(window, {2, 6, 6}, draw, LabelRule::Nearest);
    for (std::int64_t i = 0; i < 72; ++i)
        CHECK(out.channels[0].data()[i] == float(out.target.data()[i]) &&
              out.weight.data()[i] == out.channels[0].data()[i]);
    CHECK(out.target(0, 1, 2) == window.target(1, 3, 1));
}

// The interpolating path with a turn of nothing but a full circle gives what the plain one gives, mirrors included.
void turnedFullCircleIsPlain() {
    SampleArrays window = known({3, 7, 7});
    for (std::int64_t i = 0; i < window.target.size(); ++i)
        window.channels[0].data()[i] = float(i), window.target.data()[i] = std::uint8_t(i);
    for (const LabelRule rule : {LabelRule::Nearest, LabelRule::Vote})
        for (int bits = 0; bits < 16; ++bits) {
            SpatialDraw draw;
            draw.mirror = {bool(bits & 1), bool(bits & 2), bool(bits & 4)};
            draw.transpose = bits & 8;
            const SampleArrays plain = applySpatial(window, {3, 5, 5}, draw, rule);
            draw.angles = {2 * pi, 0, 0};
            const SampleArrays turned = applySpatial(window, {3, 5, 5}, draw, rule);
            CHECK(largest(plain.channels[0], turned.channels[0]) < 1e-3);
            CHECK(plain.target == turned.target && plain.weight == turned.weight);
        }
}

void quarterTurnsAboutEachAxis() {
    const Volume<float> cube = counted<float>({5, 5, 5});
    for (int axis = 0; axis < 3; ++axis) {
        Vec3 angles{0, 0, 0};
        angles[axis] = pi / 2;
        const Volume<float> out =
            sampledLinearly(cube, turnedAndScaled(angles, {1, 1, 1}, {5, 5, 5}, {5, 5, 5}), {5, 5, 5});
        const int a = (axis + 1) % 3, b = (axis + 2) % 3;  // a comes from −b, b from a
        Index v{1, 1, 1}, from;
        v[a] = 3, v[b] = 0, v[axis] = 1;
        from[axis] = 1, from[a] = 4 - v[b], from[b] = v[a];
        CHECK_NEAR(out[v], cube[from], 1e-3);
    }
}

void rotationKeepsTheCentre() {
    const Index patch{1, 33, 33};
    SpatialDraw draw;
    draw.angles.z = 0.7;
    draw.scale = {1, 1.2, 1.2};
    const Index margin = spatialMargin(draw, patch);
    CHECK(margin.z == 0);
    const Index n = patch + margin + margin;
    SampleArrays window = known(n);
    const std::int64_t cy = n.y / 2, cx = n.x / 2;
    for (std::int64_t y = 0; y < n.y; ++y)
        for (std::int64_t x = 0; x < n.x; ++x) {
            const bool in = std::hypot(double(y - cy), double(x - cx)) < 12;
            window.channels[0](0, y, x) = in, window.target(0, y, x) = in;
        }
    for (const LabelRule rule : {LabelRule::Nearest, LabelRule::Vote}) {
        const SampleArrays out = applySpatial(window, patch, draw, rule);
        double area = 0;
        for (std::int64_t i = 0; i < patch.count(); ++i) {
            area += out.target.data()[i];
            CHECK(out.weight.data()[i] == 1);
            CHECK(std::abs(out.channels[0].data()[i] - out.target.data()[i]) <= 0.76f);
        }
        CHECK(out.target(0, 16, 16) == 1);
        CHECK_NEAR(area, 3.14159 * 100, 25);  // radius 12 / 1.2
    }
}

// Whatever is drawn, the margin holds it: nothing of the patch is unknown.
void marginIsEnough() {
    for (const Index patch : {Index{24, 20, 16}, Index{4, 32, 32}, Index{1, 20, 50}, Index{1, 1, 9}}) {
        AugmentOptions options = AugmentOptions::nnunet(patch, patch.z > 1 ? 3 : 2);
        options.rotate = options.scale = 1;
        for (std::uint64_t i = 0; i < 30; ++i) {
            Rng rng(7, i);
            const SpatialDraw draw = drawSpatial(options, patch, rng);
            const Index margin = spatialMargin(draw, patch);
            SampleArrays window = known(patch + margin + margin);
            std::fill(window.channels[0].begin(), window.channels[0].end(), 1.f);
            const SampleArrays out = applySpatial(window, patch, draw, options.labels);
            for (float w : out.weight) CHECK(w == 1);
            for (float x : out.channels[0]) CHECK(std::abs(x - 1) < 1e-5f);
        }
    }
}

void patchLargerThanTheWindow() {
    SampleArrays window = known({1, 4, 4});
    std::fill(window.channels[0].begin(), window.channels[0].end(), 1.f);
    SpatialDraw draw;
    CHECK_THROWS(applySpatial(window, {1, 6, 6}, draw, LabelRule::Vote), Error);
    draw.angles.z = 0.1;
    const SampleArrays out = applySpatial(window, {1, 8, 8}, draw, LabelRule::Vote);
    CHECK(out.weight(0, 0, 0) == 0 && out.channels[0](0, 0, 0) == 0 && out.weight(0, 4, 4) == 1);
    const Volume<float> padded = cropAndPad(counted<float>({1, 2, 2}), {{-1, 1, -1}, {1, 3, 3}}, -7.f);
    CHECK(padded.shape() == (Index{2, 2, 4}) && padded(0, 0, 1) == -7 && padded(1, 0, 1) == 2 && padded(1, 1, 1) == -7);
    CHECK(cropAndPad(counted<float>({1, 2, 2}), {{5, 5, 5}, {6, 6, 6}}, 3.f)(0, 0, 0) == 3);
}

AffineMap shifted(Vec3 by) {
    AffineMap map;
    map.from = by;
    return map;
}

void votesAndTies() {
    const auto at = [](const LabelVolume& labels, Vec3 position) {
        return sampledLabels(labels, shifted(position), {1, 1, 1}, LabelRule::Vote)(0, 0, 0);
    };
    const LabelVolume row({1, 1, 4}, {3, 1, 2, 2});
    CHECK(at(row, {0, 0, 0.4}) == 3 && at(row, {0, 0, 0.6}) == 1);
    CHECK(at(row, {0, 0, 0.5}) == 3);  // a tie: half-way rounds to the even voxel
    CHECK(at(row, {0, 0, 1.5}) == 2);
    CHECK(at(row, {0, 0, 3.4}) == 2 && at(row, {0, 0, 3.6}) == -1 && at(row, {0, 0, -0.6}) == -1);
    const LabelVolume square({1, 2, 2}, {5, 0, 0, 4});
    CHECK(at(square, {0, 0.45, 0.45}) == 0);  // two halves of 0 outvote the nearest voxel
    CHECK(sampledLabels(square, shifted({0, 0.45, 0.45}), {1, 1, 1}, LabelRule::Nearest)(0, 0, 0) == 5);
    CHECK(at(LabelVolume({1, 1, 2}, {-1, 9}), {0, 0, 0.3}) == -1);
    CHECK(at(LabelVolume({1, 1, 1}, {9}), {0, 0, 0}) == 9);
}

void blurOnShortAxes() {
    for (const Index shape : {Index{1, 1, 1}, Index{1, 2, 9}, Index{3, 1, 2}, Index{2, 9, 3}}) {
        Volume<float> flat(shape, 2.f);
        blur(flat, {1, 1, 1});
        for (float x : flat) CHECK(std::abs(x - 2) < 1e-5f);
        Volume<float> v = counted<float>(shape);
        blur(v, {0.6, 0.9, 1});
        for (float x : v) CHECK(x >= 0 && x <= float(shape.count() - 1));
    }
    Volume<float> empty;
    blur(empty, {1, 1, 1});
    Volume<float> dot({1, 5, 5});
    dot(0, 2, 2) = 1;
    blur(dot, {0, 0.5, 0.5});
    CHECK_NEAR(dot(0, 2, 1), dot(0, 1, 2), 1e-7);
    CHECK_NEAR(dot(0, 2, 2), blurKernel(0.5)[1] * blurKernel(0.5)[1], 1e-6);
    CHECK(reflected(-4, 3) == 0 && reflected(5, 3) == 1 && reflected(-1, 2) == 1 && reflected(9, 1) == 0);
}

void oddGreyValues() {
    for (const Index shape : {Index{1, 1, 1}, Index{1, 5, 7}, Index{2, 1, 3}}) {
        for (const float value : {0.f, 3.f, -1e30f}) {
            Volume<float> v(shape, value);
            changeContrast(v, 1.2);
            changeGamma(v, 0.7, false);
            changeGamma(v, 1.5, true);
            lowerResolution(v, {0.01, 0.5, 0.5});
            for (float x : v) CHECK(std::isfinite(x) && std::abs(x - value) <= 1e-5f * std::abs(value));
        }
        Volume<float> v(shape, nan);  // passed on, never a crash
        changeContrast(v, 1.2);
        changeGamma(v, 0.7, true);
        lowerResolution(v, {1, 0.5, 0.5});
        blur(v, {0.7, 0.7, 0.7});
        CHECK(std::isnan(v(0, 0, 0)));
    }
    Volume<float> one({1, 8, 8}, 1.f);
    one(0, 3, 3) = nan;
    SampleArrays window{{one}, Volume<std::uint8_t>({1, 8, 8}), Volume<float>({1, 8, 8}, 1.f)};
    SpatialDraw draw;
    draw.angles.z = 0.3;
    const auto out = applySpatial(window, {1, 4, 4}, draw, LabelRule::Nearest).channels[0];
    CHECK(std::count_if(out.begin(), out.end(), [](float x) { return std::isnan(x); }) > 0);
    CHECK(std::count_if(out.begin(), out.end(), [](float x) { return std::isnan(x); }) <= 4);
}

void labelsOfASample() {
    LabelVolume labels({1, 1, 4}, {-1, 0, 2, 4});
    const auto regions = regionChannels(labels, {{1, 2}, {2}}, std::int16_t(4));
    CHECK(regions.size() == 3 && regions[0] == Volume<std::uint8_t>({1, 1, 4}, {0, 0, 1, 0}));
    CHECK(regions[2] == Volume<std::uint8_t>({1, 1, 4}, {0, 0, 0, 1}));
    Volume<float> grey({1, 1, 4}, 5.f);
    maskOutside(grey, labels);
    CHECK(grey == Volume<float>({1, 1, 4}, {0, 5, 5, 5}));
    replaceLabel(labels, -1, 0);
    CHECK(labels(0, 0, 0) == 0 && labels(0, 0, 3) == 4);
    CHECK(atScale(LabelVolume({1, 1, 1}, {7}), {0.125, 0.125, 0.125})(0, 0, 0) == 7);
    CHECK(oneHotChannels(labels, {}).empty());
}

void nnunetDrawsAsOften() {
    const Index patch{32, 40, 36};
    const AugmentOptions options = AugmentOptions::nnunet(patch, 3);
    constexpr int n = 4000;
    double turned = 0, zoomed = 0, mirrored = 0, blurred = 0, gamma = 0, low = 0, noisy = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        Rng rng(3, i);
        const SpatialDraw draw = drawSpatial(options, patch, rng);
        turned += draw.angles != Vec3{0, 0, 0};
        zoomed += draw.scale.x != 1;
        mirrored += draw.mirror[0];
        CHECK(!draw.transpose && draw.scale.z == draw.scale.x && draw.scale.x >= 0.7 && draw.scale.x < 1.4);
        for (int a = 0; a < 3; ++a) CHECK(std::abs(draw.angles[a]) <= pi / 6);
        const auto grey = drawIntensity(options, 2, rng);
        CHECK(grey[0].noise == grey[1].noise && grey[0].noise < 0.1);
        CHECK(grey[0].gamma.has_value() == grey[1].gamma.has_value());
        noisy += grey[0].noise > 0;
        gamma += grey[0].gamma.has_value();
        blurred += grey[1].blur.x > 0;
        low += grey[1].lowResolution.has_value();
    }
    CHECK_NEAR(turned / n, 0.2, 0.02);
    CHECK_NEAR(zoomed / n, 0.2, 0.02);
    CHECK_NEAR(mirrored / n, 0.5, 0.03);
    CHECK_NEAR(noisy / n, 0.1, 0.02);
    CHECK_NEAR(blurred / n, 0.1, 0.02);
    CHECK_NEAR(low / n, 0.125, 0.02);
    CHECK_NEAR(gamma / n, 0.3, 0.03);
    const AugmentOptions flat = AugmentOptions::nnunet({8, 64, 64}, 3), plane = AugmentOptions::nnunet({1, 64, 64}, 2);
    CHECK(flat.angles.y == 0 && !flat.scaleDepth && !flat.lowResolutionDepth && flat.blurDepth && flat.mirror[0]);
    CHECK(plane.angles == (Vec3{pi, 0, 0}) && !plane.blurDepth && !plane.mirror[0]);
}

void geometryOfOddShapes() {
    const AugmentGeometry thin = augmentGeometry({1, 1, 1}, 3);
    CHECK(thin.initialPatch.z >= 1 && !thin.inPlane);
    const StartRange range = startRange({1, 5, 5}, {4, 9, 8}, {4, 8, 8});  // image smaller than patch and window
    for (int a = 0; a < 3; ++a) CHECK(range.lower[a] <= range.upper[a]);
    CHECK(range.lower == (Index{-2, -2, -2}) && range.upper == (Index{-1, -2, -1}));
    CHECK(forcedForeground(0) == 0 && forcedForeground(1) == 0 && forcedForeground(2) == 1);
    CHECK(nearestExact(5, 5) == (std::vector<std::int64_t>{0, 1, 2, 3, 4}) && nearestExact(1, 3)[2] == 0);
}

void intensityStaysFinite() {
    AugmentOptions all;
    all.noise = 1;
    all.blur = all.brightness = all.contrast = all.lowResolution = all.invertedGamma = all.gamma = {1, 1};
    all.blurDepth = all.lowResolutionDepth = true;
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (const Index shape : {Index{1, 5, 7}, Index{1, 1, 1}, Index{3, 2, 1}}) {
            Volume<float> v(shape, 3.f);
            Rng rng(seed);
            applyIntensity(v, drawIntensity(all, 1, rng).front(), rng);
            for (float x : v) CHECK(std::isfinite(x));
        }
}

}  // namespace

std::vector<NamedTest> fovea::test::tests() {
    return {{"mirroring moves all alike", mirroringMovesAllAlike},
            {"turned full circle is plain", turnedFullCircleIsPlain},
            {"quarter turns about each axis", quarterTurnsAboutEachAxis},
            {"rotation keeps the centre", rotationKeepsTheCentre},
            {"margin is enough", marginIsEnough},
            {"patch larger than the window", patchLargerThanTheWindow},
            {"votes and ties", votesAndTies},
            {"blur on short axes", blurOnShortAxes},
            {"odd grey values", oddGreyValues},
            {"labels of a sample", labelsOfASample},
            {"nnU-Net draws as often", nnunetDrawsAsOften},
            {"geometry of odd shapes", geometryOfOddShapes},
            {"intensity stays finite", intensityStaysFinite}};
}
